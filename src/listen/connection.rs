//! One connection: what the sweep needs to know of it, and the loop that drives it.

use std::{
    convert::Infallible,
    error::Error,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    task::{Poll, Waker},
};

use http::{Request, Version};
use hyper::{
    body::{Body, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    Answer, ConnInfo,
    limit::{HeadRoom, HeadShare, RequestLimit},
    protocol::Builder,
    stream::Stream,
};

/// What an HTTP/2 connection begins with.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// What a connection is busy with, as far as time limits are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
    /// Nothing: not a byte has come so far.
    Silent,
    /// Nothing: between requests.
    Idle,
    /// The head of a request has begun and not ended.
    Head,
    /// Requests are being answered; whoever answers has limits of his own.
    Request,
    /// The last answer is given; what the client still sends is thrown away.
    Linger,
}

/// What a connection was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Order {
    /// Nothing yet.
    Serve,
    /// There was nothing to do for too long: end.
    Idle,
    /// Finish what is being answered, then end.
    Finish,
    /// The head that is on its way takes too long: say so and end.
    Slow,
    /// There is no room for the head that is on its way: say so and end.
    Full,
    /// End now.
    Drop,
}

/// State of a connection, shared by its task (and, in HTTP/2, the tasks of its streams) and the sweep.
#[derive(Debug, Default)]
pub(super) struct Link {
    started: AtomicU32,
    finished: AtomicU32,
    spoken: AtomicBool,
    head: AtomicBool,
    share: HeadShare,
    http2: AtomicBool,
    /// The last request had a body, which may not have been read to its end.
    body: AtomicBool,
    lingering: AtomicBool,
    order: AtomicU8,
    /// The first order.
    why: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

impl Link {
    /// Bytes came in.
    pub(super) fn received(&self, bytes: &[u8], room: &HeadRoom) {
        if self.http2.load(Relaxed) {
            return;
        }
        if !self.head.load(Relaxed) {
            if self.started.load(Relaxed) != self.finished() {
                return;
            }
            if !self.spoken.load(Relaxed) {
                self.spoken.store(true, Relaxed);
                if bytes.starts_with(HTTP2_PREFACE) {
                    self.http2.store(true, Relaxed);
                    return;
                }
            }
            self.head.store(true, Relaxed);
        }
        if !self.share.grow(bytes.len(), room) {
            // It is the connection's own task that reads: nobody is to be woken.
            let _ = self.why.compare_exchange(Order::Serve as u8, Order::Full as u8, Relaxed, Relaxed);
            self.order.fetch_max(Order::Full as u8, Relaxed);
        }
    }

    /// The answer to a head that is not waited for any longer, if that was ordered; without bytes in HTTP/2, which
    /// has none.
    pub(super) fn farewell(&self) -> Option<&'static [u8]> {
        let order = self.order.load(Relaxed);
        if order < Order::Slow as u8 || order == Order::Drop as u8 || !self.head.load(Relaxed) {
            return None;
        }
        Some(match order == Order::Slow as u8 {
            _ if self.http2.load(Relaxed) => b"",
            true => b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            false => {
                b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            }
        })
    }

    /// Gives back what the connection holds of a room that all share.
    pub(super) fn leave(&self, room: &HeadRoom) {
        self.share.end(room);
    }

    /// The connection's last bytes are written. Says whether to wait for what the client still sends: closing a
    /// socket with unread bytes would destroy the answer on its way.
    pub(super) fn ending(&self) -> bool {
        let unread = self.head.load(Relaxed) || self.body.load(Relaxed);
        self.lingering.store(unread, Relaxed);
        unread
    }

    fn begin(&self, request: &Request<Incoming>, room: &HeadRoom) {
        self.started.fetch_add(1, Relaxed);
        self.head.store(false, Relaxed);
        self.share.end(room);
        self.body.store(!request.body().is_end_stream(), Relaxed);
        if request.version() == Version::HTTP_2 {
            self.http2.store(true, Relaxed);
        }
    }

    fn finished(&self) -> u32 {
        self.finished.load(Relaxed)
    }

    /// What it is busy with, and a number that changes with each request.
    pub(super) fn busy(&self) -> (Busy, u32) {
        let started = self.started.load(Relaxed);
        let busy = if self.lingering.load(Relaxed) {
            Busy::Linger
        } else if started != self.finished() {
            Busy::Request
        } else if self.head.load(Relaxed) {
            Busy::Head
        } else if self.spoken.load(Relaxed) {
            Busy::Idle
        } else {
            Busy::Silent
        };
        (busy, started)
    }

    /// Gives an order; a weaker one than before changes nothing.
    pub(super) fn tell(&self, order: Order) {
        let _ = self.why.compare_exchange(Order::Serve as u8, order as u8, Relaxed, Relaxed);
        self.order.fetch_max(order as u8, Relaxed);
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Why the connection has ended, when the HTTP library says `end`.
    fn end(&self, end: End) -> End {
        match self.why.load(Relaxed) {
            why if why == Order::Slow as u8 => End::Slow,
            why if why == Order::Full as u8 => End::Full,
            why if why == Order::Idle as u8 && matches!(end, End::Fine | End::Dropped) => End::Idle,
            _ => end,
        }
    }

    fn wake_by(&self, waker: &Waker) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }
}

/// Counts a request as finished even when its answer is given up.
struct Finish<'a>(&'a Link);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.finished.fetch_add(1, Relaxed);
    }
}

/// A long answer's hold on its connection: as long as it is kept, the connection counts as busy.
#[derive(Debug)]
pub struct Hold(Arc<Link>);

impl Hold {
    pub(super) fn new(link: Arc<Link>) -> Self {
        link.started.fetch_add(1, Relaxed);
        Self(link)
    }

    /// Ends the connection at once, whatever is still on its way.
    pub fn end_connection(&self) {
        self.0.tell(Order::Drop);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.finished.fetch_add(1, Relaxed);
    }
}

struct Context<A> {
    answer: Arc<A>,
    info: ConnInfo,
    limits: Limits,
}

/// Limits that connections share.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) request: Arc<RequestLimit>,
    pub(super) room: Arc<HeadRoom>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// In order, or the client went away.
    Fine,
    /// A request was not HTTP.
    Malformed,
    /// A head was larger than allowed.
    TooLarge,
    /// The client went away within a request.
    Truncated,
    /// There was nothing to do for too long.
    Idle,
    /// A head took too long.
    Slow,
    /// There was no room for a head.
    Full,
    /// An HTTP/2 client asked for too much work that leads to nothing.
    Flood,
    /// Told to end at once.
    Dropped,
}

impl End {
    /// All of them with their names in the metrics.
    pub(super) const ALL: [(Self, &'static str); 9] = [
        (Self::Fine, "finished"),
        (Self::Malformed, "malformed"),
        (Self::TooLarge, "too_large"),
        (Self::Truncated, "truncated"),
        (Self::Idle, "idle"),
        (Self::Slow, "slow"),
        (Self::Full, "overload"),
        (Self::Flood, "flood"),
        (Self::Dropped, "dropped"),
    ];
}

/// Serves one connection to its end.
pub(super) async fn drive<A: Answer>(
    socket: TcpStream,
    info: ConnInfo,
    answer: Arc<A>,
    builder: Arc<Builder>,
    limits: Limits,
) -> End {
    let link = Arc::clone(info.link());
    let stream = TokioIo::new(Stream::new(socket, Arc::clone(&link), Arc::clone(&limits.room)));
    // One counter per connection is shared with its requests, none with other connections.
    let context = Arc::new(Context { answer, info, limits });
    let service = service_fn(move |request: Request<Incoming>| {
        let context = Arc::clone(&context);
        async move {
            context.info.link().begin(&request, &context.limits.room);
            let _finish = Finish(context.info.link());
            Ok::<_, Infallible>(match context.limits.request.refuse(&request) {
                Some(refusal) => refusal,
                None => context.answer.answer(request, &context.info).await,
            })
        }
    });
    let mut connection = pin!(builder.serve_connection(stream, service));
    let mut told = Order::Serve as u8;
    let mut registered: Option<Waker> = None;
    let end = poll_fn(|context| {
        if !registered.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            registered = Some(context.waker().clone());
            link.wake_by(context.waker());
        }
        let order = link.order.load(Relaxed);
        if order != told {
            told = order;
            if order == Order::Drop as u8 {
                return Poll::Ready(End::Dropped);
            }
            // A head that is turned away is answered by the stream, which then ends. One that came to its end in the last
            // moment is answered as any other.
            if link.farewell().is_none() {
                connection.as_mut().graceful_shutdown();
            }
        }
        connection.as_mut().poll(context).map(|outcome| outcome.map_or_else(|error| classify(&*error), |()| End::Fine))
    })
    .await;
    link.end(end)
}

fn classify(error: &(dyn Error + Send + Sync + 'static)) -> End {
    let Some(error) = error.downcast_ref::<hyper::Error>() else { return End::Fine };
    if error.is_parse_too_large() {
        return End::TooLarge;
    }
    if error.is_parse() {
        return End::Malformed;
    }
    if error.is_incomplete_message() {
        return End::Truncated;
    }
    match error.source().and_then(|source| source.downcast_ref::<h2::Error>()) {
        Some(error) if !error.is_library() => End::Fine,
        Some(error) if error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM) => End::Flood,
        Some(error) if error.reason().is_some() => End::Malformed,
        _ => End::Fine,
    }
}
