//! From host and port to a listening socket.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs},
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::{config::settings::ServerSettings, util::reason::reason};

/// Connections that the kernel may keep waiting; it lowers this to its own limit (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// A socket that listens; nothing is accepted before [`super::serve`].
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: TcpListener,
    local: SocketAddr,
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The host name cannot be resolved.
    #[error("the host `{host}` has no address to listen on: {}", reason(source))]
    Host {
        /// As configured.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The port is in use.
    #[error("port {} of {} is taken by another program", address.port(), address.ip())]
    Taken {
        /// Where.
        address: SocketAddr,
    },
    /// The address is not of this machine.
    #[error("{} is no address of this machine", address.ip())]
    Foreign {
        /// Where.
        address: SocketAddr,
    },
    /// The port is one of those that only privileged programs may use.
    #[error("port {} of {} may not be used by this user", address.port(), address.ip())]
    Forbidden {
        /// Where.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("cannot listen on {address}: {}", reason(source))]
    Io {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl ListenError {
    /// What to do about it, for a listener whose `host` and `port` are configured below `key`.
    #[must_use]
    pub fn advice(&self, key: &str) -> String {
        match self {
            Self::Taken { address } => {
                let other = address.port().checked_add(100).unwrap_or(8290);
                format!("stop that program, or choose another port, as in --set {key}.port={other}")
            }
            Self::Forbidden { .. } => {
                format!(
                    "choose a port from 1024 on, as in --set {key}.port=8290, or grant CAP_NET_BIND_SERVICE to the program"
                )
            }
            Self::Host { .. } | Self::Foreign { .. } | Self::Io { .. } => {
                format!("set {key}.host to a name or an address of this machine, or to 0.0.0.0 for all of them")
            }
        }
    }
}

/// Binds the public listener.
///
/// # Errors
/// The host cannot be resolved, or the port is taken or not allowed.
pub fn bind(settings: &ServerSettings) -> Result<Listener, ListenError> {
    Listener::bind(settings.host.as_deref(), settings.port)
}

impl Listener {
    /// Listens on `host` (a name or an address; `None` = loopback) and `port` (0 = any free one).
    ///
    /// # Errors
    /// The host cannot be resolved, or the port is taken or not allowed.
    pub fn bind(host: Option<&str>, port: u16) -> Result<Self, ListenError> {
        let address = place(host, port)?;
        let socket = bound(address).and_then(|socket| socket.listen(BACKLOG).map(|()| socket));
        let socket = TcpListener::from(socket.map_err(|source| refused(address, source))?);
        let local = socket.local_addr().map_err(|source| ListenError::Io { address, source })?;
        Ok(Self { socket, local })
    }

    /// Whether [`Self::bind`] would succeed now. Nothing listens, not even for a moment.
    ///
    /// # Errors
    /// Those of [`Self::bind`].
    pub fn probe(host: Option<&str>, port: u16) -> Result<(), ListenError> {
        let address = place(host, port)?;
        bound(address).map(drop).map_err(|source| refused(address, source))
    }

    /// Where it listens, with the port that was given for port 0.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }
}

fn place(host: Option<&str>, port: u16) -> Result<SocketAddr, ListenError> {
    host.map_or(Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))), |host| resolve(host, port))
}

fn refused(address: SocketAddr, source: io::Error) -> ListenError {
    match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { address },
        io::ErrorKind::AddrNotAvailable => ListenError::Foreign { address },
        io::ErrorKind::PermissionDenied => ListenError::Forbidden { address },
        _ => ListenError::Io { address, source },
    }
}

/// The first IPv4 address of `host`, else its first address.
fn resolve(host: &str, port: u16) -> Result<SocketAddr, ListenError> {
    let failed = |source| ListenError::Host { host: host.to_owned(), source };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let addresses: Vec<SocketAddr> = (bare, port).to_socket_addrs().map_err(failed)?.collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    first.copied().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the last connections of the process before it to time out.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_host_only_loopback_is_served_and_port_zero_gives_a_real_one() {
        let listener = Listener::bind(None, 0).expect("a free port");
        assert_eq!(listener.local_address().ip(), Ipv4Addr::LOCALHOST);
        assert_ne!(listener.local_address().port(), 0);
    }

    #[test]
    fn names_and_addresses_are_resolved() {
        for host in ["127.0.0.1", "localhost"] {
            let listener = Listener::bind(Some(host), 0).expect(host);
            assert_eq!(listener.local_address().ip(), Ipv4Addr::LOCALHOST, "{host}");
        }
    }

    #[test]
    fn a_taken_port_and_a_foreign_address_are_said_in_words() {
        let first = Listener::bind(None, 0).expect("a free port");
        let port = first.local_address().port();
        assert!(matches!(Listener::probe(None, port), Err(ListenError::Taken { .. })));
        assert!(Listener::probe(None, 0).is_ok());
        let error = Listener::bind(None, port).expect_err("the port is taken");
        assert_eq!(
            error.advice("k"),
            format!(
                "stop that program, or choose another port, as in --set k.port={}",
                port.checked_add(100).unwrap_or(8290)
            )
        );
        assert_eq!(error.to_string(), format!("port {port} of 127.0.0.1 is taken by another program"));
        let error = Listener::bind(Some("192.0.2.1"), 0).expect_err("an address for documentation");
        assert_eq!(error.to_string(), "192.0.2.1 is no address of this machine");
        let error = Listener::bind(Some("no such host"), 0).expect_err("no host has a space");
        assert!(error.to_string().starts_with("the host `no such host` has no address to listen on: "), "{error}");
    }
}
