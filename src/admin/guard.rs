//! Who may ask: whoever names this listener, and no other site's page.
//!
//! A page elsewhere can make the operator's browser send requests here, and with a name of its own that resolves to
//! this address (DNS rebinding) it could read the answers. Such requests carry that name in `Host`, or tell by
//! `Origin` or `Sec-Fetch-Site` where they come from.

use std::net::IpAddr;

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, Version,
    header::{HOST, ORIGIN},
    uri::Authority,
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names under which the listener may be asked, with any port.
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    /// As configured, in lower case.
    configured: String,
    bound: IpAddr,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// No host, or one that is not ours.
    #[error("this host name is not served here; set divolte.global.admin.host to it, or ask by address")]
    Host,
    /// Another site's page asks.
    #[error("pages of other sites may not ask here")]
    Origin,
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
        }
    }
}

impl AllowedHosts {
    /// The names of a listener that was configured as `host` and is bound to `bound`.
    #[must_use]
    pub fn new(host: &str, bound: IpAddr) -> Self {
        Self { configured: bare(host).to_ascii_lowercase(), bound }
    }

    pub(crate) fn check(&self, version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let header = hosts.next().and_then(|value| value.to_str().ok());
        // HTTP/2 clients name the host in the target, and may leave the header out.
        let named = if version == Version::HTTP_2 { uri.authority().map(Authority::as_str).or(header) } else { header };
        let authority = named.filter(|_| hosts.next().is_none()).ok_or(Refusal::Host)?;
        if !self.allows(host_of(authority).ok_or(Refusal::Host)?) {
            return Err(Refusal::Host);
        }
        let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
        if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
            return Err(Refusal::Origin);
        }
        match headers.get(ORIGIN).map(HeaderValue::to_str) {
            None => Ok(()),
            Some(Ok(origin)) if is_same(origin, authority) => Ok(()),
            Some(_) => Err(Refusal::Origin),
        }
    }

    fn allows(&self, host: &str) -> bool {
        let address = bare(host).parse::<IpAddr>().ok().map(|address| address.to_canonical());
        match address {
            // A rebound name is never an address. All addresses are ours when all are bound.
            Some(address) => address.is_loopback() || address == self.bound || self.bound.is_unspecified(),
            None => host.eq_ignore_ascii_case("localhost") || host.eq_ignore_ascii_case(&self.configured),
        }
    }
}

/// The host of `host[:port]`, an IPv6 address with its brackets.
fn host_of(authority: &str) -> Option<&str> {
    let parsed: Authority = authority.parse().ok()?;
    let length = parsed.host().len();
    // No user, and nothing between host and port.
    authority.get(..length).filter(|host| *host == parsed.host())
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

/// Whether an origin is that of the listener's own pages.
fn is_same(origin: &str, authority: &str) -> bool {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hosts: &AllowedHosts, headers: &[(HeaderName, &'static str)]) -> Result<(), Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        hosts.check(Version::HTTP_11, &Uri::from_static("/metrics"), &map)
    }

    #[test]
    fn only_our_own_names_are_served() {
        let loopback = AllowedHosts::new("127.0.0.1", IpAddr::from([127, 0, 0, 1]));
        let named = AllowedHosts::new("Stats.Example", IpAddr::from([10, 0, 0, 5]));
        let all = AllowedHosts::new("0.0.0.0", IpAddr::from([0, 0, 0, 0]));
        for (hosts, host, allowed) in [
            (&loopback, "127.0.0.1:8291", true),
            (&loopback, "localhost", true),
            (&loopback, "LOCALHOST:1", true),
            (&loopback, "[::1]:8291", true),
            (&loopback, "127.0.0.2", true),
            (&loopback, "evil.example:8291", false),
            (&loopback, "localhost.evil.example", false),
            (&loopback, "127.0.0.1.evil.example", false),
            (&loopback, "evil.example@localhost", false),
            (&loopback, "localhost@evil.example", false),
            (&loopback, "10.0.0.5", false),
            (&loopback, "", false),
            (&named, "stats.example:8291", true),
            (&named, "10.0.0.5", true),
            (&named, "10.0.0.6", false),
            (&named, "example", false),
            (&all, "192.0.2.7:8291", true),
            (&all, "evil.example", false),
        ] {
            let result = check(hosts, &[(HOST, host)]);
            assert_eq!(result, if allowed { Ok(()) } else { Err(Refusal::Host) }, "{host}");
        }
        assert_eq!(check(&loopback, &[]), Err(Refusal::Host));
        assert_eq!(check(&loopback, &[(HOST, "localhost"), (HOST, "localhost")]), Err(Refusal::Host));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let hosts = AllowedHosts::new("127.0.0.1", IpAddr::from([127, 0, 0, 1]));
        for (name, value, allowed) in [
            (ORIGIN, "http://localhost:8291", true),
            (ORIGIN, "http://localhost:3000", false),
            (ORIGIN, "http://evil.example", false),
            (ORIGIN, "null", false),
            (SEC_FETCH_SITE, "none", true),
            (SEC_FETCH_SITE, "same-origin", true),
            (SEC_FETCH_SITE, "same-site", false),
            (SEC_FETCH_SITE, "cross-site", false),
        ] {
            let result = check(&hosts, &[(HOST, "localhost:8291"), (name, value)]);
            assert_eq!(result, if allowed { Ok(()) } else { Err(Refusal::Origin) }, "{value}");
        }
    }
}
