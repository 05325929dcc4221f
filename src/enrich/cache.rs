//! Remembers recognised user agents: recognising one costs a microsecond, remembering one some tens of nanoseconds.

use std::sync::Arc;

use quick_cache::unsync::Cache;

use super::ua::{AGENT_BYTES_MAX, UserAgent, head, hints::Hints};

/// Longest key, in bytes, that is remembered: an agent with its hints. What is longer is recognised anew each time, so
/// that hostile headers cannot fill the memory.
pub const KEY_BYTES_MAX: usize = 2 * AGENT_BYTES_MAX;

/// Most agents that a cache ever holds, whatever is configured.
pub const AGENTS_MAX: usize = 1_000_000;

/// User agents by the exact text of the header. One per delivery, so it needs no lock.
pub struct AgentCache {
    known: Cache<Box<str>, Arc<UserAgent>>,
    takes_hints: bool,
    key: String,
}

impl AgentCache {
    /// With room for `agents` distinct agents; at least one, at most [`AGENTS_MAX`].
    #[must_use]
    pub fn new(agents: usize) -> Self {
        Self { known: Cache::new(agents.clamp(1, AGENTS_MAX)), takes_hints: false, key: String::new() }
    }

    /// Whether client hints refine what the agents tell; without, they are not looked at.
    #[must_use]
    pub fn with_client_hints(self, takes_hints: bool) -> Self {
        Self { takes_hints, ..self }
    }

    /// What is known of this agent; `header` gives the first value of a header by its name in lower case.
    pub fn get<'h>(&mut self, text: &str, header: impl Fn(&str) -> Option<&'h str>) -> Arc<UserAgent> {
        let text = head(text);
        if self.takes_hints {
            let hints = Hints::of(header);
            if !hints.is_empty() {
                return self.get_refined(text, &hints);
            }
        }
        if let Some(agent) = self.known.get(text) {
            return Arc::clone(agent);
        }
        let agent = Arc::new(UserAgent::recognise(text));
        self.known.insert(text.into(), Arc::clone(&agent));
        agent
    }

    fn get_refined(&mut self, text: &str, hints: &Hints<'_>) -> Arc<UserAgent> {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        // No header holds a line feed, so no agent looks like one with hints.
        for part in std::iter::once(text).chain(hints.texts()) {
            key.push_str(part);
            key.push('\n');
        }
        let known = self.known.get(key.as_str()).map(Arc::clone);
        let agent = known.unwrap_or_else(|| {
            let agent = Arc::new(UserAgent::recognise(text).refined(hints));
            if key.len() <= KEY_BYTES_MAX {
                self.known.insert(key.as_str().into(), Arc::clone(&agent));
            }
            agent
        });
        if key.capacity() <= KEY_BYTES_MAX {
            self.key = key;
        }
        agent
    }

    /// Number of agents held now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether no agent is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

impl std::fmt::Debug for AgentCache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AgentCache({} agents)", self.known.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain<'h>(_: &str) -> Option<&'h str> {
        None
    }

    #[test]
    fn an_agent_is_recognised_once_by_its_first_part() {
        let mut cache = AgentCache::new(10);
        let first = cache.get("curl/8.0", plain);
        assert!(Arc::ptr_eq(&first, &cache.get("curl/8.0", plain)));
        let huge = "x".repeat(AGENT_BYTES_MAX);
        assert!(Arc::ptr_eq(&cache.get(&huge, plain), &cache.get(&format!("{huge}y"), plain)));
        assert_eq!(cache.len(), 2);
    }

    #[test]
    fn hints_count_when_they_are_asked_for() {
        let text =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36";
        let brave = |name: &str| (name == "sec-ch-ua").then_some(r#""Brave";v="124", "Chromium";v="124""#);
        let (mut without, mut with) = (AgentCache::new(10), AgentCache::new(10).with_client_hints(true));
        assert_eq!(without.get(text, brave).name, "Chrome");
        assert_eq!((&*with.get(text, plain).name, &*with.get(text, brave).name), ("Chrome", "Brave"));
        assert!(Arc::ptr_eq(&with.get(text, brave), &with.get(text, brave)));
        let long = "x".repeat(KEY_BYTES_MAX);
        let platform = |name: &str| (name == "sec-ch-ua-platform").then_some(long.as_str());
        assert!(!Arc::ptr_eq(&with.get(text, platform), &with.get(text, platform)));
        assert_eq!(with.len(), 2);
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut cache = AgentCache::new(100);
        for number in 0..10_000 {
            cache.get(&format!("agent/{number}"), plain);
        }
        assert!(cache.len() <= 200, "{}", cache.len());
        assert!(AgentCache::new(0).get("curl/8.0", plain).name == "cURL");
    }
}
