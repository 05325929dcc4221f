//! A raw HTTP/1.1 client: bytes out, one response in, nothing added and nothing corrected.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// One response as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Header names and values in the order of the wire; values as Latin-1.
    pub headers: Vec<(String, String)>,
    /// The body, without transfer coding.
    pub body: Vec<u8>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A whole response.
    Response(Response),
    /// None, and why.
    Nothing(String),
}

impl Answer {
    /// The response, or a panic that says why there is none.
    #[track_caller]
    pub fn response(self) -> Response {
        match self {
            Self::Response(response) => response,
            Self::Nothing(why) => panic!("no response: {why}"),
        }
    }
}

impl Response {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text, odd bytes replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request as bytes, and how to send them.
#[derive(Clone, Debug)]
pub struct Request {
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// Number of bytes after which the sender pauses for a moment.
    pub pause_after: Option<usize>,
    /// A response to `HEAD` has no body, whatever its length says.
    pub head: bool,
}

impl Request {
    /// Request line, headers and body, and nothing else.
    pub fn new(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend_from_slice(format!("{name}: ").as_bytes());
            bytes.extend(latin1(value));
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        Self { bytes, pause_after: None, head: method == "HEAD" }
    }

    /// `GET` of a target with a `Host` header.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target, &[("Host", "collector.example.test")], b"")
    }

    /// `POST` of a JSON text.
    pub fn post_json(target: &str, body: &str) -> Self {
        let length = body.len().to_string();
        let headers =
            [("Host", "collector.example.test"), ("Content-Type", "application/json"), ("Content-Length", &*length)];
        Self::new("POST", target, &headers, body.as_bytes())
    }

    /// Sends it over a connection of its own and waits for the response.
    pub fn send(&self, port: u16, patience: Duration) -> Answer {
        match self.try_send(port, patience) {
            Ok(response) => Answer::Response(response),
            Err(error) => Answer::Nothing(error.to_string()),
        }
    }

    fn try_send(&self, port: u16, patience: Duration) -> io::Result<Response> {
        let stream = connect(port)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let (first, rest) = self.bytes.split_at(self.pause_after.unwrap_or(self.bytes.len()).min(self.bytes.len()));
        // The sender has a thread of its own, because a server may answer and close before it has read everything. Its
        // errors do not count: what counts is what comes back.
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut stream = &stream;
                if stream.write_all(first).is_ok() && !rest.is_empty() {
                    thread::sleep(Duration::from_millis(100));
                    let _ = stream.write_all(rest);
                }
            });
            let mut wire = Wire { stream: &stream, bytes: Vec::new(), at: 0, until: Instant::now() + patience };
            let response = wire.response(self.head);
            let _ = stream.shutdown(Shutdown::Both);
            response
        })
    }
}

/// Connects to a loopback port.
pub fn connect(port: u16) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), Duration::from_secs(2))
}

/// Text as Latin-1 bytes; characters beyond it as UTF-8.
pub fn latin1(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(u32::from(character)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// The receiving end: bytes that came and how far they are read.
struct Wire<'a> {
    stream: &'a TcpStream,
    bytes: Vec<u8>,
    at: usize,
    until: Instant,
}

impl Wire<'_> {
    /// The final response; interim ones are passed over.
    fn response(&mut self, head: bool) -> io::Result<Response> {
        loop {
            let mut response = self.head()?;
            if (100..200).contains(&response.status) {
                continue;
            }
            if !head && response.status != 204 && response.status != 304 {
                response.body = self.body(&response)?;
            }
            if response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                self.expect_end()?;
            }
            return Ok(response);
        }
    }

    fn head(&mut self) -> io::Result<Response> {
        let line = self.line()?;
        let mut parts = line.splitn(3, ' ');
        let version = parts.next().unwrap_or_default();
        let status = parts.next().and_then(|status| status.parse().ok());
        let (true, Some(status)) = (version.starts_with("HTTP/1."), status) else {
            return Err(io::Error::other(format!("not a status line: {line:?}")));
        };
        let reason = parts.next().unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(Response { status, reason, headers, body: Vec::new() });
            }
            let (name, value) =
                line.split_once(':').ok_or_else(|| io::Error::other(format!("not a header line: {line:?}")))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    fn body(&mut self, response: &Response) -> io::Result<Vec<u8>> {
        if response.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            let mut body = Vec::new();
            loop {
                let line = self.line()?;
                let length = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
                    .map_err(|_| io::Error::other(format!("not a chunk length: {line:?}")))?;
                if length == 0 {
                    while !self.line()?.is_empty() {}
                    return Ok(body);
                }
                body.extend_from_slice(self.take(length)?);
                self.line()?;
            }
        }
        if let Some(length) = response.header("content-length") {
            let length = length.parse().map_err(|_| io::Error::other(format!("not a length: {length:?}")))?;
            return Ok(self.take(length)?.to_vec());
        }
        while self.fill()? > 0 {}
        let length = self.bytes.len() - self.at;
        Ok(self.take(length)?.to_vec())
    }

    /// A server that says it closes does so, and says nothing more.
    fn expect_end(&mut self) -> io::Result<()> {
        let end = match self.fill() {
            Ok(count) => count == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        };
        if end && self.at == self.bytes.len() {
            return Ok(());
        }
        Err(io::Error::other("the connection stays open, or carries more, after `Connection: close`"))
    }

    fn take(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.bytes.len() - self.at < count {
            if self.fill()? == 0 {
                return Err(io::Error::other("connection closed within the body"));
            }
        }
        let from = self.at;
        self.at += count;
        Ok(&self.bytes[from..self.at])
    }

    /// The next line as Latin-1, without its end.
    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(length) = self.bytes[self.at..].iter().position(|byte| *byte == b'\n') {
                let line = &self.bytes[self.at..self.at + length];
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let text = line.iter().map(|byte| char::from(*byte)).collect();
                self.at += length + 1;
                return Ok(text);
            }
            if self.fill()? == 0 {
                let why = if self.bytes.is_empty() { "connection closed" } else { "connection closed within the head" };
                return Err(io::Error::other(why));
            }
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        if Instant::now() > self.until {
            return Err(io::Error::other("time-out"));
        }
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.read(&mut buffer).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => io::Error::other("time-out"),
            _ => error,
        })?;
        self.bytes.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Serves fixed bytes to one connection and gives what a request made of them.
    fn exchange(reply: &'static [u8], head: bool) -> Answer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("one connection");
            let mut request = [0; 4096];
            let count = stream.read(&mut request).expect("a request");
            stream.write_all(reply).expect("room for the reply");
            request[..count].to_vec()
        });
        let method = if head { "HEAD" } else { "GET" };
        let request = Request::new(method, "/x", &[("Host", "a"), ("X", "é")], b"");
        let answer = request.send(port, Duration::from_secs(5));
        let sent = server.join().expect("the server ends");
        assert_eq!(sent, [method.as_bytes(), b" /x HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n"].concat());
        answer
    }

    #[test]
    fn responses_are_read_as_they_are_framed() {
        let body = |reply, head| exchange(reply, head).response().body;
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", false), b"abc");
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true), b"");
        assert_eq!(body(b"HTTP/1.1 204 No Content\r\n\r\n", false), b"");
        assert_eq!(
            body(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", false),
            b"abc"
        );
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", false), b"all of it".to_vec());
    }

    #[test]
    fn interim_responses_are_passed_over() {
        let reply = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
        let response = exchange(reply, false).response();
        assert_eq!((response.status, &*response.reason), (503, "Service Unavailable"));
    }

    #[test]
    fn silence_and_rubbish_are_no_response() {
        assert_eq!(exchange(b"", false), Answer::Nothing("connection closed".into()));
        assert!(matches!(exchange(b"SSH-2.0\r\n", false), Answer::Nothing(why) if why.contains("status line")));
        assert!(matches!(exchange(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false), Answer::Nothing(_)));
        let more = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
        assert!(matches!(exchange(more, false), Answer::Nothing(why) if why.contains("carries more")));
    }
}
