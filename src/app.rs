//! The running program: start order and drain order, in one place.
//!
//! Start: data directory → metrics → journal and deliveries → sources → listeners. Stop: `/ping` answers 503 →
//! `shutdown_delay`, in whose second half answers end their connections → nobody can connect any more → every new request
//! gets a bare 503 while those in flight finish → the connections close → the journal closes → deliveries drain and
//! publish.

use std::{
    fs::{self, File, TryLockError},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    admin::{Admin, AdminState, Token},
    config::settings::{MappingSettings, Settings, SinkSettings},
    delivery::current::{InForce, MappingInForce},
    listen::{self, Counters, Gate, ListenError, Listener},
    metrics::Metrics,
    pipeline::{self, Feed, Pipeline, PipelineError},
    reload,
    signal::StopSignals,
    source::{Router, RouterParts},
    util::{
        clock::{Clock, SystemClock},
        descriptors,
        reason::reason,
    },
};

/// Connections of the admin listener at once, at most: operators and their monitoring.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// Descriptors that public connections leave free beside one per lane of a sink: for the admin listener, the journal,
/// the dead letters and the runtime.
const DESCRIPTORS_RESERVED: usize = ADMIN_CONNECTIONS_MAX + 64;

/// How long requests may be on their way over connections that are there when nobody can connect any more.
const ON_THE_WAY: Duration = Duration::from_millis(200);

/// The file in the data directory that a running process holds locked.
const LOCK: &str = "lock";

/// Why the program does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error("the data directory {} cannot be used: {reason}\n  hint: name another one with --data DIR or divolte.global.data_directory", path.display())]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A socket cannot be had.
    #[error("{source}\n  hint: {}", source.advice(key))]
    Listen {
        /// Where the listener is configured.
        key: &'static str,
        /// Why not.
        source: ListenError,
    },
    /// The pipeline does not start.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// A database of places cannot be used.
    #[error(transparent)]
    Places(#[from] reload::PlacesError),
    /// The system gives no threads or signals.
    #[error("the runtime cannot be started: {0}")]
    Runtime(#[source] io::Error),
}

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything that was accepted is delivered or kept.
    Orderly,
    /// The time to drain was over, or a second signal came, before everything was delivered.
    Incomplete,
}

/// The program, started and listening.
#[derive(Debug)]
pub struct App {
    settings: Settings,
    runtime: Runtime,
    pipeline: Pipeline,
    gate: Arc<Gate>,
    signals: StopSignals,
    stop: watch::Sender<Stop>,
    servers: Vec<JoinHandle<io::Result<()>>>,
    address: SocketAddr,
    /// Where the live page is, with the token that it wants.
    admin: Option<(SocketAddr, Token)>,
    /// Held so that no second process uses the directory.
    _lock: File,
}

impl App {
    /// Starts everything. When this returns, requests are answered.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running then.
    pub fn start(mut settings: Settings, feeds: &[Feed]) -> Result<Self, StartError> {
        let lock = take_data_directory(&settings.data_directory)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let metrics = Metrics::new();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("answer")
            .build()
            .map_err(StartError::Runtime)?;
        let entered = runtime.enter();
        let signals = StopSignals::listen().map_err(StartError::Runtime)?;
        // The sockets are bound before anything else is set in motion, and answered last: a taken port costs nothing.
        let failed = |source| StartError::Listen { key: "divolte.global.server", source };
        let listener = listen::bind(&settings.server).map_err(failed)?;
        let failed = |source| StartError::Listen { key: "divolte.global.admin", source };
        let admin_listener = bind_admin(&settings).map_err(failed)?;
        let look_ups = reload::open(&mut settings)?;
        let pipeline = Pipeline::start(&settings, feeds, &clock, &metrics, &look_ups, runtime.handle())?;
        let hangup = || signal(SignalKind::hangup()).map_err(StartError::Runtime);
        if let Some(places) = look_ups.places {
            let databases = settings.mapper.geo_databases.clone();
            runtime.spawn(reload::follow_places(databases, places, metrics.clone(), hangup()?));
        }
        let mappings: Vec<_> = feeds.iter().map(|feed| Arc::clone(&feed.mapping)).collect();
        let in_force = Arc::new(in_force(&settings, clock.now_ms()));
        let gate = Arc::new(Gate::with_limit(settings.server.limits.requests_max));
        let parts = RouterParts {
            intake: pipeline.intake.clone(),
            keep: Arc::new(pipeline::keep(&mappings, &settings.journal.keep)),
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
            gate: Arc::clone(&gate),
        };
        let router = Arc::new(Router::new(&settings, &parts));
        let reload = reload::Mappings {
            settings: Arc::new(settings.clone()),
            mappings,
            tables: reload::Tables::new(&settings, look_ups.tables, metrics.clone()),
            exchange: pipeline.exchange.clone(),
            router: Arc::clone(&router),
            in_force: Arc::clone(&in_force),
            metrics: metrics.clone(),
            clock,
        };
        runtime.spawn(reload.follow(hangup()?));
        let (stop, stopped) = watch::channel(Stop::NotYet);
        let address = listener.local_address();
        let admin = admin_listener.as_ref().map(|listener| (listener.local_address(), Token::random()));
        let mut servers = Vec::new();
        if let (Some(listener), Some((_, token))) = (admin_listener, &admin) {
            let state = AdminState {
                journal: Arc::clone(&pipeline.journal),
                deliveries: pipeline.statuses(),
                metrics: metrics.clone(),
                gate: Arc::clone(&gate),
                window: Arc::clone(&pipeline.window),
                mappings: in_force,
            };
            let admin = Admin::new(state, &settings.admin.host, listener.local_address().ip(), token.clone());
            let mut limits = settings.server.limits.clone();
            limits.connections_max = limits.connections_max.min(ADMIN_CONNECTIONS_MAX);
            let stopped = stopped.clone();
            servers.push(runtime.spawn(async move { admin.serve(listener, &limits, until(stopped, Stop::Now)).await }));
        }
        let mut limits = settings.server.limits.clone();
        limits.connections_max = connections_max(&settings);
        servers.push(runtime.spawn(async move {
            let (refuse, stop) = (until(stopped.clone(), Stop::Connecting), until(stopped, Stop::Now));
            listen::serve_and_refuse(listener, router, &limits, Counters::public(&metrics), refuse, stop).await
        }));
        drop(entered);
        Ok(Self { settings, runtime, pipeline, gate, signals, stop, servers, address, admin, _lock: lock })
    }

    /// Answers requests until SIGTERM or SIGINT, then stops in order. A second signal ends it at once.
    #[must_use]
    pub fn run(mut self) -> Ended {
        let (gate, stop, servers) = (&self.gate, &self.stop, &mut self.servers);
        let (delay, patience) = (self.settings.server.shutdown_delay, self.settings.server.shutdown_timeout);
        let mut signals = self.signals;
        self.runtime.block_on(async {
            let signal = signals.next().await;
            tracing::info!(signal, "stopping; a second signal ends the program at once");
            tokio::spawn(async move {
                let signal = signals.second().await;
                tracing::error!(signal, "stopped at once; what was waiting in memory is lost");
                std::process::exit(1);
            });
            gate.leave();
            // A delay says that there is a balancer, which has looked away by now or does so when it cannot connect.
            if !delay.is_zero() {
                tokio::time::sleep(delay / 2).await;
                gate.part();
                tokio::time::sleep(delay / 2).await;
                stop.send_replace(Stop::Connecting);
                tokio::time::sleep(ON_THE_WAY.min(delay)).await;
            }
            gate.close();
            if timeout(patience, gate.emptied()).await.is_err() {
                tracing::warn!(requests = gate.inside(), "requests did not finish in time");
            }
            stop.send_replace(Stop::Now);
            for server in servers.drain(..) {
                match server.await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::error!(%error, "a listener has failed"),
                    Err(error) => tracing::error!(%error, "a listener has panicked"),
                }
            }
        });
        // Deliveries are joined here, on the main thread, while the runtime that their sinks use still runs.
        let drained = self.pipeline.drain(self.settings.drain_timeout);
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        if drained { Ended::Orderly } else { Ended::Incomplete }
    }

    /// What it runs with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the public listener listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The admin page to open, if there is one, with the token that it wants.
    #[must_use]
    pub fn admin_url(&self) -> Option<String> {
        let (address, token) = self.admin.as_ref()?;
        Some(format!("http://{address}/?token={}", token.reveal()))
    }
}

/// What the admin pages show of the mappings at start.
fn in_force(settings: &Settings, now_ms: i64) -> InForce {
    let shown = |file: &Option<PathBuf>| file.as_ref().map(|file| file.display().to_string());
    let mapping = |mapping: &MappingSettings| MappingInForce {
        name: mapping.name.clone(),
        script: shown(&mapping.mapping_script_file),
        schema: shown(&mapping.schema_file),
        since: now_ms,
    };
    InForce::new(settings.mappings.iter().map(mapping).collect())
}

/// How far the listeners have come with ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    /// They serve.
    NotYet,
    /// Nobody can connect any more.
    Connecting,
    /// Connections end.
    Now,
}

async fn until(mut stopped: watch::Receiver<Stop>, stop: Stop) {
    // An error means that the sender is gone, which is a reason to stop as well.
    let _ = stopped.wait_for(|stopped| *stopped >= stop).await;
}

/// Public connections at once: as configured, but never so many that the sinks could not open their files.
fn connections_max(settings: &Settings) -> usize {
    let wanted = settings.server.limits.connections_max;
    let lanes: usize = settings.sinks.iter().map(|SinkSettings::File(sink)| sink.lanes).sum();
    let limit = descriptors::raise_limit();
    let connections_max = descriptors::connections_max(wanted, limit, DESCRIPTORS_RESERVED + lanes);
    if connections_max < wanted {
        let descriptors = limit.unwrap_or_default();
        tracing::warn!(
            connections_max,
            wanted,
            descriptors,
            "fewer connections than configured are taken at once, because the system's limit of open files is low"
        );
    }
    connections_max
}

fn bind_admin(settings: &Settings) -> Result<Option<Listener>, ListenError> {
    let admin = &settings.admin;
    if !admin.enabled {
        return Ok(None);
    }
    match Listener::bind(Some(&admin.host), admin.port) {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if admin.asked_for => Err(error),
        Err(error) => {
            tracing::warn!(%error, "going on without the admin listener");
            Ok(None)
        }
    }
}

/// Whether another process has taken the directory. Nothing is made for it.
pub(crate) fn is_in_use(path: &Path) -> bool {
    // Only a lock that is shared needs no right to write, and it is given back at once.
    File::open(path.join(LOCK)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Makes the directory if it is missing and locks it against other processes.
fn take_data_directory(path: &Path) -> Result<File, StartError> {
    let failed = |reason: String| StartError::DataDirectory { path: path.to_owned(), reason };
    fs::create_dir_all(path).map_err(|error| {
        failed(match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => "a file stands there".into(),
            io::ErrorKind::NotFound => "it cannot be made".into(),
            _ => reason(&error),
        })
    })?;
    let lock = path.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock)
        .map_err(|error| failed(format!("{} cannot be written: {}", lock.display(), reason(&error))))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(failed("another process uses it".into())),
        Err(TryLockError::Error(error)) => Err(failed(reason(&error))),
    }
}
