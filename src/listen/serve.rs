//! Accepts connections until told to stop, then lets them finish.

use std::{
    future::{Future, pending},
    io,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{interval, sleep, timeout},
};

use super::{
    Answer, ConnInfo, Listener,
    connection::{End, Limits, Order, drive},
    limit::{HeadRoom, RequestLimit},
    protocol::{self, Builder},
    table::{Pace, Table},
};
use crate::{config::settings::LimitSettings, metrics::Metrics};

/// How long connections may take to write their last answers once the listener stops. Requests have ended before,
/// at the [`super::Gate`]; this is for bytes under way.
const FINISH_PATIENCE: Duration = Duration::from_secs(2);

/// First and last pause when the system has no descriptors or memory for a connection.
const ACCEPT_PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// What the connections of a listener count.
#[derive(Debug, Default)]
pub struct Counters {
    open: Gauge,
    limit: Gauge,
    accepted: Counter,
    accept_errors: Counter,
    malformed: Counter,
    too_large: Counter,
    slow: Counter,
    overload: Counter,
    flood: Counter,
    /// By how they ended, in the order of [`End::ALL`].
    closed: [Counter; End::ALL.len()],
}

impl Counters {
    /// Those of the public listener.
    #[must_use]
    pub fn public(metrics: &Metrics) -> Self {
        Self {
            open: metrics.connections.clone(),
            limit: metrics.connections_limit.clone(),
            accepted: metrics.connections_accepted.clone(),
            accept_errors: metrics.accept_errors.clone(),
            malformed: metrics.bad_requests("malformed"),
            too_large: metrics.bad_requests("too_large"),
            slow: metrics.bad_requests("slow"),
            overload: metrics.bad_requests("overload"),
            flood: metrics.bad_requests("flood"),
            closed: End::ALL.map(|(_, reason)| metrics.connections_closed(reason)),
        }
    }

    /// Those of a listener that nobody watches.
    #[must_use]
    pub fn unseen() -> Self {
        Self::default()
    }

    /// Counts the end of a connection.
    fn closed(&self, end: End) {
        // Slow heads are counted when they are found so, heads without room when that is seen.
        let bad_request = match end {
            End::Malformed => Some(&self.malformed),
            End::TooLarge => Some(&self.too_large),
            End::Flood => Some(&self.flood),
            End::Fine | End::Truncated | End::Idle | End::Slow | End::Full | End::Dropped => None,
        };
        self.closed[end as usize].inc();
        bad_request.map(Counter::inc);
    }
}

struct Server<A> {
    answer: Arc<A>,
    builder: Arc<Builder>,
    limits: Limits,
    table: Arc<Table>,
    room: Arc<Semaphore>,
    counters: Arc<Counters>,
}

/// Serves `listener` until `stop` is done: then the socket is closed, connections finish what they are answering, and
/// those that do not within two seconds are dropped. Ends when the last connection has ended.
///
/// # Errors
/// The socket cannot be handed to the runtime.
pub async fn serve<A: Answer>(
    listener: Listener,
    answer: Arc<A>,
    limits: &LimitSettings,
    counters: Counters,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_and_refuse(listener, answer, limits, counters, pending(), stop).await
}

/// As [`serve`], but once `refuse` is done nobody can connect any more, while those who are connected are still served:
/// a load balancer that cannot connect takes another server for that very request.
///
/// # Errors
/// The socket cannot be handed to the runtime.
pub async fn serve_and_refuse<A: Answer>(
    listener: Listener,
    answer: Arc<A>,
    limits: &LimitSettings,
    counters: Counters,
    refuse: impl Future<Output = ()>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let socket = TcpListener::from_std(listener.socket)?;
    let connections_max = u32::try_from(limits.connections_max.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX).max(1);
    let server = Server {
        answer,
        builder: Arc::new(protocol::builder(limits)),
        limits: Limits {
            request: Arc::new(RequestLimit::new(limits, counters.too_large.clone())),
            room: Arc::new(HeadRoom::new(limits, counters.overload.clone())),
        },
        table: Arc::default(),
        room: Arc::new(Semaphore::new(connections_max as usize)),
        counters: Arc::new(counters),
    };
    server.counters.limit.set(i64::from(connections_max));
    let pace = Pace::new(limits);
    let mut stop = pin!(stop);
    tokio::select! {
        biased;
        () = &mut stop => drop(socket),
        () = refuse => {
            server.accept_waiting(&socket).await;
            drop(socket);
            tokio::select! {
                biased;
                () = stop => {}
                () = server.sweep(&pace) => {}
            }
        }
        () = server.accept(&socket) => {}
        () = server.sweep(&pace) => {}
    }
    server.table.tell_all(Order::Finish);
    let gone = server.room.acquire_many(connections_max);
    tokio::select! {
        _ = gone => return Ok(()),
        () = server.sweep(&pace) => {}
        () = sleep(FINISH_PATIENCE) => {}
    }
    server.table.tell_all(Order::Drop);
    // A task that is told to drop its connection does so when it runs next.
    let _ = timeout(FINISH_PATIENCE, server.room.acquire_many(connections_max)).await;
    Ok(())
}

impl<A: Answer> Server<A> {
    /// Never ends.
    async fn accept(&self, socket: &TcpListener) {
        let mut pause = ACCEPT_PAUSE.0;
        loop {
            let Ok(permit) = Arc::clone(&self.room).acquire_owned().await else { return };
            match socket.accept().await {
                Ok((stream, peer)) => {
                    pause = ACCEPT_PAUSE.0;
                    self.start(stream, ConnInfo::new(peer), permit);
                }
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    self.counters.accept_errors.inc();
                    // At most one line per second, since the pause doubles to that.
                    tracing::warn!(%error, ?pause, "no connection can be accepted now");
                    sleep(pause).await;
                    pause = (pause * 2).min(ACCEPT_PAUSE.1);
                }
            }
        }
    }

    /// Takes who has connected already: the system would reset them with the socket.
    async fn accept_waiting(&self, socket: &TcpListener) {
        while let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            let Ok(Ok((stream, peer))) = timeout(Duration::ZERO, socket.accept()).await else { return };
            self.start(stream, ConnInfo::new(peer), permit);
        }
    }

    fn start(&self, stream: TcpStream, info: ConnInfo, permit: OwnedSemaphorePermit) {
        // Answers are small and complete: waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let membership = self.table.join(Arc::clone(info.link()));
        let counters = Arc::clone(&self.counters);
        counters.accepted.inc();
        counters.open.inc();
        let (answer, builder) = (Arc::clone(&self.answer), Arc::clone(&self.builder));
        let driven = drive(stream, info, answer, builder, self.limits.clone());
        tokio::spawn(async move {
            let open = Open(Arc::clone(&counters), membership, permit);
            counters.closed(driven.await);
            drop(open);
        });
    }

    /// Never ends.
    async fn sweep(&self, pace: &Pace) {
        let mut rounds = interval(pace.round);
        loop {
            rounds.tick().await;
            let crowded = self.room.available_permits() == 0;
            self.counters.slow.inc_by(self.table.sweep(pace, crowded));
        }
    }
}

/// What a connection holds as long as it is open; given back even when its task panics.
#[expect(dead_code, reason = "held for its drop")]
struct Open(Arc<Counters>, super::table::Membership, OwnedSemaphorePermit);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.dec();
    }
}

/// Whether the error concerns only the connection that was to be accepted.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
