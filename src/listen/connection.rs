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

use http::{Request, Response, StatusCode, Version};
use hyper::{
    body::{Body, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use prometheus_client::metrics::counter::Counter;
use tokio::net::TcpStream;

use super::{Answer, ConnInfo, protocol::Builder, stream::Stream};

/// What a connection is busy with, as far as time limits are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
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
    /// Finish what is being answered, then end.
    Finish,
    /// End now.
    Drop,
}

/// State of a connection, shared by its task (and, in HTTP/2, the tasks of its streams) and the sweep.
#[derive(Debug, Default)]
pub(super) struct Link {
    started: AtomicU32,
    finished: AtomicU32,
    head: AtomicBool,
    http2: AtomicBool,
    /// The last request had a body, which may not have been read to its end.
    body: AtomicBool,
    lingering: AtomicBool,
    order: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

impl Link {
    /// Bytes came in.
    pub(super) fn received(&self) {
        if !self.http2.load(Relaxed) && !self.head.load(Relaxed) && self.started.load(Relaxed) == self.finished() {
            self.head.store(true, Relaxed);
        }
    }

    /// The connection's last bytes are written. Says whether to wait for what the client still sends: closing a
    /// socket with unread bytes would destroy the answer on its way.
    pub(super) fn ending(&self) -> bool {
        let unread = self.head.load(Relaxed) || self.body.load(Relaxed);
        self.lingering.store(unread, Relaxed);
        unread
    }

    fn begin(&self, request: &Request<Incoming>) {
        self.started.fetch_add(1, Relaxed);
        self.head.store(false, Relaxed);
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
        } else {
            Busy::Idle
        };
        (busy, started)
    }

    /// Gives an order; a weaker one than before changes nothing.
    pub(super) fn tell(&self, order: Order) {
        self.order.fetch_max(order as u8, Relaxed);
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            waker.wake_by_ref();
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

/// Header lines of a request, at most. The HTTP library holds HTTP/1.1 to that; in HTTP/2 it knows only their bytes,
/// and by referring to its tables a client can have a great many lines for one byte each.
#[derive(Debug)]
pub(super) struct HeadLimit {
    pub(super) headers_max: usize,
    /// Requests that were over it.
    pub(super) refused: Counter,
}

impl HeadLimit {
    /// The answer to a request that is over the limit.
    fn refuse<B: Default>(&self, request: &Request<Incoming>) -> Option<Response<B>> {
        if request.headers().len() <= self.headers_max {
            return None;
        }
        self.refused.inc();
        let mut reply = Response::default();
        *reply.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Some(reply)
    }
}

struct Context<A> {
    answer: Arc<A>,
    info: ConnInfo,
    limit: Arc<HeadLimit>,
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
    /// Told to end at once.
    Dropped,
}

/// Serves one connection to its end.
pub(super) async fn drive<A: Answer>(
    socket: TcpStream,
    info: ConnInfo,
    answer: Arc<A>,
    builder: Arc<Builder>,
    limit: Arc<HeadLimit>,
) -> End {
    let link = Arc::clone(info.link());
    let stream = TokioIo::new(Stream::new(socket, Arc::clone(&link)));
    // One counter per connection is shared with its requests, none with other connections.
    let context = Arc::new(Context { answer, info, limit });
    let service = service_fn(move |request: Request<Incoming>| {
        let context = Arc::clone(&context);
        async move {
            context.info.link().begin(&request);
            let _finish = Finish(context.info.link());
            Ok::<_, Infallible>(match context.limit.refuse(&request) {
                Some(refusal) => refusal,
                None => context.answer.answer(request, &context.info).await,
            })
        }
    });
    let mut connection = pin!(builder.serve_connection(stream, service));
    let mut told = Order::Serve as u8;
    let mut registered: Option<Waker> = None;
    poll_fn(|context| {
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
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(context).map(|outcome| outcome.map_or_else(|error| classify(&*error), |()| End::Fine))
    })
    .await
}

fn classify(error: &(dyn Error + Send + Sync + 'static)) -> End {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) if error.is_parse_too_large() => End::TooLarge,
        Some(error) if error.is_parse() => End::Malformed,
        _ => End::Fine,
    }
}
