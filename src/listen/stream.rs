//! The socket as the HTTP library sees it: tells the link when bytes come, and ends without destroying the last answer.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::{connection::Link, limit::HeadRoom};

/// Bytes thrown away at most behind the last answer.
const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A socket that reports to its [`Link`].
pub(super) struct Stream {
    socket: TcpStream,
    link: Arc<Link>,
    room: Arc<HeadRoom>,
    /// Bytes that may still be thrown away; set when the writing half is closed.
    linger: Option<usize>,
}

impl Stream {
    pub(super) fn new(socket: TcpStream, link: Arc<Link>, room: Arc<HeadRoom>) -> Self {
        Self { socket, link, room, linger: None }
    }

    /// Answers a head that is not waited for, and ends as if the client had.
    fn turn_away(&mut self, farewell: &[u8], context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() && !farewell.is_empty() {
            // To a client that has not read the answers before this one, there is no way to say it.
            let _ = self.socket.try_write(farewell);
        }
        Pin::new(self).poll_shutdown(context)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.link.leave(&self.room);
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(farewell) = self.link.farewell() {
            return self.turn_away(farewell, context);
        }
        let before = into.filled().len();
        let outcome = Pin::new(&mut self.socket).poll_read(context, into);
        if into.filled().len() > before {
            self.link.received(&into.filled()[before..], &self.room);
        }
        outcome
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    /// Closes the writing half; then, where something may be unread, reads until the client closes, too. The sweep
    /// bounds the time of that.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.socket).poll_shutdown(context))?;
            self.linger = Some(if self.link.ending() { LINGER_BYTES_MAX } else { 0 });
        }
        let mut scratch = [0; 4096];
        while let Some(left) = self.linger.filter(|left| *left > 0) {
            let mut into = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.socket).poll_read(context, &mut into)) {
                Ok(()) if into.filled().is_empty() => self.linger = Some(0),
                Ok(()) => self.linger = Some(left.saturating_sub(into.filled().len())),
                Err(_) => self.linger = Some(0),
            }
        }
        Poll::Ready(Ok(()))
    }
}
