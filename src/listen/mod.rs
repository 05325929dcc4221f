//! Sockets to requests: bind, accept, speak HTTP/1.1 or HTTP/2 within limits, end gracefully.
//!
//! Knows connections; does not know what a request means. Whoever answers implements [`Answer`] and is given each
//! request together with the [`ConnInfo`] of its connection.
//! Invariant: at most `limits.connections` sockets are open; a permit is taken before `accept`, so that the kernel's
//! backlog is the only queue.
//! Invariant: no timer per request and none per connection; one sweep walks over all connections (see [`table`]).

mod bind;
mod connection;
mod gate;
mod limit;
mod memory;
pub mod protocol;
pub mod proxy;
mod serve;
mod stream;
mod table;
#[cfg(test)]
pub(crate) mod tests;

use std::{error::Error, future::Future, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body, Incoming};

pub use bind::{ListenError, Listener, bind};
pub use connection::Hold;
use connection::Link;
pub use gate::{Gate, Pass, Phase, Shut};
pub use memory::converse;
pub use serve::{Counters, serve, serve_and_refuse};

/// A response: its body is known when it is made, so it needs no box.
pub type Reply = Response<Full<Bytes>>;

/// Answers requests.
pub trait Answer: Send + Sync + 'static {
    /// What responses carry; nothing by default.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Default + Send + 'static;

    /// The response to one request.
    fn answer(
        &self,
        request: Request<Incoming>,
        connection: &ConnInfo,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// What is known of a connection, worked out once when it is accepted.
#[derive(Clone, Debug)]
pub struct ConnInfo {
    peer: SocketAddr,
    text: Box<str>,
    link: Arc<Link>,
}

impl ConnInfo {
    /// A connection from `peer`.
    #[must_use]
    pub fn new(peer: SocketAddr) -> Self {
        Self { peer, text: proxy::address_text(peer.ip()).into(), link: Arc::default() }
    }

    /// The other end of the socket.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The other end's address as events show it: IPv4, or IPv6 in its uncompressed form.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.text
    }

    /// Keeps the connection from being taken for idle while the body of an answer is still to come.
    #[must_use]
    pub fn hold(&self) -> Hold {
        Hold::new(Arc::clone(&self.link))
    }

    fn link(&self) -> &Arc<Link> {
        &self.link
    }
}
