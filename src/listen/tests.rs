//! The listener over real sockets: limits, time limits, endings, HTTP/2.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::*;
use crate::{config::settings::LimitSettings, metrics::Metrics};

/// Long enough for anything that is to happen; a test that needs it fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn limits() -> LimitSettings {
    LimitSettings { head_timeout: Duration::from_secs(30), connections_max: 100, ..LimitSettings::default() }
}

/// Says how many requests it has seen; `/slow` waits until it is released; `/read` reads the body; `/held` holds the
/// connection and tells the rest when it is released, `/cut` ends the connection then.
#[derive(Default)]
struct Echo {
    seen: AtomicUsize,
    release: std::sync::Arc<Notify>,
}

/// A body of one piece that is still to come.
struct Once(Option<Pin<Box<dyn Future<Output = Bytes> + Send>>>);

impl Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(piece) = &mut self.0 else { return Poll::Ready(None) };
        let bytes = std::task::ready!(piece.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl Answer for Echo {
    type Body = UnsyncBoxBody<Bytes, Infallible>;

    async fn answer(&self, request: Request<Incoming>, connection: &ConnInfo) -> Response<Self::Body> {
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        assert_eq!(connection.address(), "127.0.0.1");
        match request.uri().path() {
            "/slow" => self.release.notified().await,
            "/read" => drop(request.into_body().collect().await),
            path @ ("/held" | "/cut") => {
                let (hold, release, cut) = (connection.hold(), self.release.clone(), path == "/cut");
                let rest = async move {
                    release.notified().await;
                    if cut {
                        hold.end_connection();
                        std::future::pending::<()>().await;
                    }
                    drop(hold);
                    Bytes::from(format!("request {seen}"))
                };
                return Response::new(UnsyncBoxBody::new(Once(Some(Box::pin(rest)))));
            }
            _ => {}
        }
        Response::new(UnsyncBoxBody::new(Full::new(format!("request {seen}").into())))
    }
}

struct Rig {
    address: SocketAddr,
    answer: std::sync::Arc<Echo>,
    metrics: Metrics,
    refuse: Option<oneshot::Sender<()>>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Rig {
    fn start(limits: LimitSettings) -> Self {
        let listener = Listener::bind(None, 0).expect("a free port");
        let address = listener.local_address();
        let (answer, metrics) = (std::sync::Arc::new(Echo::default()), Metrics::new());
        let (stop, stopped) = oneshot::channel::<()>();
        let (refuse, refused) = oneshot::channel::<()>();
        let (answering, counting) = (answer.clone(), metrics.clone());
        let served = tokio::spawn(async move {
            let (refused, stopped) = (async { drop(refused.await) }, async { drop(stopped.await) });
            serve_and_refuse(listener, answering, &limits, Counters::public(&counting), refused, stopped).await
        });
        Self { address, answer, metrics, refuse: Some(refuse), stop: Some(stop), served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("the server listens")
    }

    /// What comes back until the server closes.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut socket = self.connect().await;
        socket.write_all(bytes).await.expect("the server reads to the end");
        rest(&mut socket).await
    }

    async fn stop(mut self) {
        drop(self.stop.take());
        timeout(PATIENCE, self.served).await.expect("serving ends").expect("no panic").expect("no error");
    }
}

async fn rest(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.expect("the server closes").expect("without a reset");
    String::from_utf8(bytes).expect("text")
}

/// Reads until the text ends with `end`.
async fn until(socket: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let mut bytes = [0; 1024];
        let count = timeout(PATIENCE, socket.read(&mut bytes)).await.expect("in time").expect("no error");
        assert_ne!(count, 0, "closed behind {text:?}");
        text.push_str(std::str::from_utf8(&bytes[..count]).expect("text"));
    }
    text
}

#[tokio::test]
async fn what_is_not_http_gets_a_bare_400() {
    let rig = Rig::start(limits());
    let fold = "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n";
    for request in
        ["GARBAGE\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", fold]
    {
        let text = rig.exchange(request.as_bytes()).await;
        assert!(text.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request:?}: {text}");
        assert!(text.contains("\r\nconnection: close\r\n") && text.contains("\r\ncontent-length: 0\r\n"), "{text}");
        assert!(!text.contains("server:"), "{text}");
    }
    let metrics = rig.metrics.clone();
    rig.stop().await;
    assert_eq!(metrics.bad_requests("malformed").get(), 4);
}

#[tokio::test]
async fn heads_have_limits_and_the_answer_survives_what_is_unread() {
    let rig = Rig::start(limits());
    let many = |count| (0..count).fold(String::new(), |lines, index| lines + &format!("X-{index}: v\r\n"));
    let padding = "a".repeat(1_200_000);
    for (request, expected) in [
        (format!("GET / HTTP/1.1\r\nConnection: close\r\n{}\r\n", many(199)), "200 OK"),
        (format!("GET / HTTP/1.1\r\n{}\r\n", many(250)), "431 Request Header Fields Too Large"),
        (format!("GET / HTTP/1.1\r\nConnection: close\r\nX: {}\r\n\r\n", &padding[..96 * 1024]), "200 OK"),
        (format!("GET / HTTP/1.1\r\nX: {padding}\r\n\r\n"), "431 Request Header Fields Too Large"),
        (format!("GET /?{padding} HTTP/1.1\r\n\r\n"), "431 Request Header Fields Too Large"),
        (format!("GET /?{} HTTP/1.1\r\nConnection: close\r\n\r\n", &padding[..65_500]), "200 OK"),
        (format!("GET /?{} HTTP/1.1\r\n\r\n", &padding[..70_000]), "414 URI Too Long"),
    ] {
        let text = rig.exchange(request.as_bytes()).await;
        assert!(text.starts_with(&format!("HTTP/1.1 {expected}\r\n")), "{} bytes: {text}", request.len());
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_request_line_beyond_its_limit_ends_the_connection() {
    let rig = Rig::start(LimitSettings { request_line_bytes_max: 1024, ..limits() });
    let padding = "a".repeat(1024 - "GET /? HTTP/1.1".len());
    let text = rig.exchange(format!("GET /?{padding} HTTP/1.1\r\nConnection: close\r\n\r\n").as_bytes()).await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    let text = rig.exchange(format!("GET /?{padding}a HTTP/1.1\r\n\r\n").as_bytes()).await;
    assert!(text.starts_with("HTTP/1.1 414 URI Too Long\r\n") && text.contains("\r\nconnection: close\r\n"), "{text}");
    assert_eq!(rig.metrics.bad_requests("too_large").get(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_one_after_the_other() {
    let rig = Rig::start(limits());
    let mut socket = rig.connect().await;
    socket.write_all(b"GET /slow HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    while rig.answer.seen.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.answer.seen.load(Ordering::SeqCst), 1, "the second waits");
    rig.answer.release.notify_one();
    let text = rest(&mut socket).await;
    assert!(text.find("request 1").unwrap() < text.find("request 2").unwrap(), "{text}");
    rig.stop().await;
}

#[tokio::test]
async fn a_client_that_closes_its_half_still_gets_its_answer() {
    let rig = Rig::start(limits());
    let mut socket = rig.connect().await;
    socket.write_all(b"GET /slow HTTP/1.1\r\n\r\n").await.unwrap();
    socket.shutdown().await.unwrap();
    rig.answer.release.notify_one();
    assert!(rest(&mut socket).await.ends_with("request 1"));
    rig.stop().await;
}

#[tokio::test]
async fn slow_heads_and_idle_connections_end() {
    let short = Duration::from_millis(40);
    let rig = Rig::start(LimitSettings { head_timeout: short, ..limits() });
    // Bytes that keep coming do not help.
    let mut socket = rig.connect().await;
    let started = std::time::Instant::now();
    while socket.write_all(b"G").await.is_ok() {
        assert!(started.elapsed() < PATIENCE, "a head without end is endured");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(rig.metrics.bad_requests("slow").get(), 1);
    let mut socket = rig.connect().await;
    socket.write_all(b"GET / HT").await.unwrap();
    assert!(rest(&mut socket).await.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    rig.stop().await;

    let rig = Rig::start(LimitSettings { idle_timeout: short, ..limits() });
    let mut socket = rig.connect().await;
    assert_eq!(rest(&mut socket).await, "");
    socket = rig.connect().await;
    socket.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(rest(&mut socket).await.ends_with("request 1"), "and then it is closed");
    assert_eq!(rig.metrics.bad_requests("slow").get(), 0);
    // A request that is being answered is not idle.
    socket = rig.connect().await;
    socket.write_all(b"GET /slow HTTP/1.1\r\n\r\n").await.unwrap();
    tokio::time::sleep(short * 4).await;
    rig.answer.release.notify_one();
    assert!(rest(&mut socket).await.ends_with("request 2"));
    rig.stop().await;
}

#[tokio::test]
async fn a_connection_whose_answer_is_still_to_come_is_not_idle() {
    let short = Duration::from_millis(40);
    let rig = Rig::start(LimitSettings { idle_timeout: short, ..limits() });
    for (path, ending) in [("/held", "request 1\r\n0\r\n\r\n"), ("/cut", "\r\n\r\n")] {
        let mut socket = rig.connect().await;
        socket.write_all(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
        until(&mut socket, "\r\n\r\n").await;
        tokio::time::sleep(short * 4).await;
        rig.answer.release.notify_one();
        let text = rest(&mut socket).await;
        assert!(format!("\r\n\r\n{text}").ends_with(ending), "{path}: {text}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn further_connections_wait_for_room() {
    let rig = Rig::start(LimitSettings { connections_max: 1, ..limits() });
    let mut first = rig.connect().await;
    first.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
    until(&mut first, "request 1").await;
    let mut second = rig.connect().await;
    second.write_all(b"GET /b HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    first.write_all(b"GET /c HTTP/1.1\r\n\r\n").await.unwrap();
    until(&mut first, "request 2").await;
    drop(first);
    assert!(rest(&mut second).await.ends_with("request 3"));
    assert_eq!(rig.metrics.connections_accepted.get(), 2);
    rig.stop().await;
}

#[tokio::test]
async fn stopping_closes_the_listener_lets_answers_finish_and_ends_the_rest() {
    let rig = Rig::start(limits());
    let (mut idle, mut busy) = (rig.connect().await, rig.connect().await);
    idle.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
    until(&mut idle, "request 1").await;
    busy.write_all(b"GET /slow HTTP/1.1\r\n\r\n").await.unwrap();
    while rig.answer.seen.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    let (address, answer, metrics) = (rig.address, rig.answer.clone(), rig.metrics.clone());
    let stopping = tokio::spawn(rig.stop());
    assert_eq!(rest(&mut idle).await, "", "idle connections end at once");
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    answer.release.notify_one();
    assert!(rest(&mut busy).await.ends_with("request 2"));
    timeout(PATIENCE, stopping).await.expect("in time").expect("no panic");
    assert_eq!(metrics.connections.get(), 0);
}

#[tokio::test]
async fn who_has_connected_is_served_when_nobody_can_connect_any_more() {
    let mut rig = Rig::start(limits());
    let (mut used, mut unused) = (rig.connect().await, rig.connect().await);
    used.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
    until(&mut used, "request 1").await;
    drop(rig.refuse.take());
    while TcpStream::connect(rig.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    for (socket, answer) in [(&mut used, "request 2"), (&mut unused, "request 3")] {
        socket.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
        until(socket, answer).await;
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_cost_the_answer() {
    let rig = Rig::start(limits());
    let mut request = b"POST /a HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n".to_vec();
    request.resize(request.len() + 3_000_000, b'x');
    assert!(rig.exchange(&request).await.ends_with("request 1"));
    rig.stop().await;
}

/// What a client sends first: preface and empty SETTINGS.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// HEADERS of `GET /` on a stream, complete: three indexed fields of the static table, an authority without Huffman
/// coding, and one further header `headers` times, all but the first by reference.
fn http2_request(stream: u8, headers: usize) -> Vec<u8> {
    let mut block = vec![0x82, 0x84, 0x86, 0x01, 1, b'a'];
    if headers > 0 {
        block.extend_from_slice(&[0x40, 1, b'b', 0]);
        block.resize(block.len() + headers - 1, 0xbe);
    }
    let length = u16::try_from(block.len()).unwrap().to_be_bytes();
    let mut frame = vec![0, length[0], length[1], 1, 5, 0, 0, 0, stream];
    frame.append(&mut block);
    frame
}

async fn read_until(socket: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    while !answer.windows(end.len()).any(|piece| piece == end) {
        let mut piece = [0; 1024];
        let count = timeout(PATIENCE, socket.read(&mut piece)).await.expect("in time").unwrap();
        assert_ne!(count, 0, "closed behind {answer:?}");
        answer.extend_from_slice(&piece[..count]);
    }
    answer
}

#[tokio::test]
async fn http2_is_spoken_to_who_begins_with_it() {
    let rig = Rig::start(limits());
    let mut socket = rig.connect().await;
    socket.write_all(&[HTTP2_PREFACE, &http2_request(1, 0)].concat()).await.unwrap();
    read_until(&mut socket, b"request 1").await;
    rig.stop().await;
}

#[tokio::test]
async fn http2_heads_of_many_lines_are_refused_however_short() {
    /// Status 431, Huffman-coded.
    const TOO_LARGE: &[u8] = &[0x48, 0x83, 0x69, 0x90, 0xff];
    let rig = Rig::start(limits());
    let mut socket = rig.connect().await;
    socket.write_all(&[HTTP2_PREFACE, &http2_request(1, 201)].concat()).await.unwrap();
    read_until(&mut socket, TOO_LARGE).await;
    assert_eq!(rig.metrics.bad_requests("too_large").get(), 1);
    socket.write_all(&http2_request(3, 200)).await.unwrap();
    read_until(&mut socket, b"request 1").await;
    rig.stop().await;
}
