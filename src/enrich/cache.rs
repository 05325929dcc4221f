//! Remembers recognised user agents: recognising one costs a microsecond, remembering one some tens of nanoseconds.

use std::sync::Arc;

use quick_cache::unsync::Cache;

use super::ua::UserAgent;

/// Longest agent, in bytes, that is remembered; a longer one is recognised anew each time, so that hostile headers
/// cannot fill the memory.
pub const KEY_BYTES_MAX: usize = 1024;

/// Most agents that a cache ever holds, whatever is configured.
pub const AGENTS_MAX: usize = 1_000_000;

/// User agents by the exact text of the header. One per delivery, so it needs no lock.
pub struct AgentCache {
    known: Cache<Box<str>, Arc<UserAgent>>,
}

impl AgentCache {
    /// With room for `agents` distinct agents; at least one, at most [`AGENTS_MAX`].
    #[must_use]
    pub fn new(agents: usize) -> Self {
        Self { known: Cache::new(agents.clamp(1, AGENTS_MAX)) }
    }

    /// What is known of this agent.
    pub fn get(&mut self, text: &str) -> Arc<UserAgent> {
        if let Some(agent) = self.known.get(text) {
            return Arc::clone(agent);
        }
        let agent = Arc::new(UserAgent::recognise(text));
        if text.len() <= KEY_BYTES_MAX {
            self.known.insert(text.into(), Arc::clone(&agent));
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

    #[test]
    fn an_agent_is_recognised_once_and_a_huge_one_is_not_kept() {
        let mut cache = AgentCache::new(10);
        let first = cache.get("curl/8.0");
        assert!(Arc::ptr_eq(&first, &cache.get("curl/8.0")));
        let huge = "x".repeat(KEY_BYTES_MAX + 1);
        assert!(!Arc::ptr_eq(&cache.get(&huge), &cache.get(&huge)));
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut cache = AgentCache::new(100);
        for number in 0..10_000 {
            cache.get(&format!("agent/{number}"));
        }
        assert!(cache.len() <= 200, "{}", cache.len());
        assert!(AgentCache::new(0).get("curl/8.0").name == "cURL");
    }
}
