//! Scripts and schemas, while the program runs; and the tables, because each must fit the other.

use std::{path::PathBuf, sync::Arc};

use tokio::{
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};

use super::{LOOK_EVERY, Tables, stamp::Watched};
use crate::{
    command::compile,
    config::settings::Settings,
    delivery::current::InForce,
    diagnostic::{Diagnostic, render},
    event::Keep,
    mapping::Mapping,
    metrics::Metrics,
    pipeline::{self, Exchange},
    source::Router,
    util::clock::Clock,
};

/// How metrics name what is reloaded here.
const WHAT: &str = "mappings";

/// The mappings of the running program, and where they are exchanged.
pub struct Mappings {
    /// Where scripts and schemas are.
    pub settings: Arc<Settings>,
    /// The mappings in force, in the order of the configuration.
    pub mappings: Vec<Arc<Mapping>>,
    /// The tables that scripts look up in.
    pub tables: Tables,
    /// Where deliveries take them up.
    pub exchange: Exchange,
    /// What keeps the headers and cookies that scripts read.
    pub router: Arc<Router>,
    /// What the admin pages show.
    pub in_force: Arc<InForce>,
    /// Where reloads are counted.
    pub metrics: Metrics,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Mappings {
    /// Looks at the files for ever, and at once when there is a signal.
    pub async fn follow(mut self, mut hangup: Signal) {
        let files = |settings: &Settings| -> Vec<PathBuf> {
            let mappings = settings.mappings.iter();
            mappings
                .flat_map(|mapping| [&mapping.mapping_script_file, &mapping.schema_file])
                .flatten()
                .cloned()
                .collect()
        };
        super::declare(&self.metrics, WHAT);
        let mut watched = Watched::new(files(&self.settings));
        let mut configuration = Watched::new(self.settings.config_file.iter().cloned().collect());
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // A script that was refused may have been waiting for a table.
        let mut refused = false;
        loop {
            let asked = tokio::select! {
                _ = look.tick() => false,
                signal = hangup.recv() => signal.is_some(),
            };
            if configuration.changed() {
                let file = self.settings.config_file.as_deref().unwrap_or_else(|| "".as_ref());
                tracing::warn!(file = %file.display(), "the configuration has changed; a restart is needed for that");
            }
            if asked {
                tracing::info!(signal = "SIGHUP", "scripts, schemas and tables are read again");
                watched.take();
            }
            let exchanged = self.tables.look(asked, &self.mappings).await;
            if asked || watched.changed() || refused && exchanged {
                let result = self.reload().await;
                refused = result == "refused";
                if result == "done" {
                    self.tables.look_again(&self.mappings).await;
                }
            }
        }
    }

    async fn reload(&mut self) -> &'static str {
        let (settings, tables) = (Arc::clone(&self.settings), self.tables.known());
        let result = match tokio::task::spawn_blocking(move || compile::mappings(&settings, &tables)).await {
            Ok(Ok((fresh, odd))) => self.take(fresh, &odd),
            Ok(Err(wrong)) => {
                refuse(&wrong);
                "refused"
            }
            Err(error) => {
                tracing::error!(%error, "scripts and schemas could not be checked; the mappings in force stay");
                "refused"
            }
        };
        self.metrics.reloads(WHAT, result).inc();
        result
    }

    /// Puts in force what has changed; says what came of it.
    fn take(&mut self, fresh: Vec<Mapping>, odd: &[Diagnostic]) -> &'static str {
        if !odd.is_empty() {
            tracing::warn!("the new mappings are odd:\n{}", render(odd, false));
        }
        let before = pipeline::keep(&self.mappings, &self.settings.journal.keep);
        let mut names = Vec::new();
        for (old, new) in self.mappings.iter_mut().zip(fresh) {
            if !is_same(old, &new) {
                names.push(new.name().to_owned());
                *old = Arc::new(new);
            }
        }
        if names.is_empty() {
            tracing::info!("scripts and schemas are those in force");
            return "unchanged";
        }
        let keep = pipeline::keep(&self.mappings, &self.settings.journal.keep);
        // What is read has to be kept first.
        tell_kept(&before, &keep);
        self.router.keep(&keep);
        self.exchange.set(&self.mappings);
        self.in_force.renew(&names, self.clock.now_ms());
        tracing::info!(mappings = names.join(", "), "mappings exchanged; each sink takes them up with its next block");
        "done"
    }
}

fn is_same(old: &Mapping, new: &Mapping) -> bool {
    old.script().text == new.script().text && old.schema().json() == new.schema().json()
}

fn refuse(wrong: &[Diagnostic]) {
    tracing::error!("the new mappings are refused, those in force stay:\n{}", render(wrong, false));
}

/// Events that were taken before lack what nobody read then.
fn tell_kept(before: &Keep, now: &Keep) {
    let new = |before: &[String], now: &[String], always: &[&str]| -> Vec<String> {
        let known = |name: &String| before.contains(name) || always.contains(&name.as_str());
        now.iter().filter(|name| !known(name)).cloned().collect()
    };
    let headers = if before.all_headers { Vec::new() } else { new(&before.headers, &now.headers, &Keep::ALWAYS) };
    let cookies = new(&before.cookies, &now.cookies, &[]);
    if !headers.is_empty() || !cookies.is_empty() {
        tracing::warn!(?headers, ?cookies, "kept from now on; events that were taken before do not have them");
    }
}
