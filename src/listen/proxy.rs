//! The client's address: the socket's other end, or what `X-Forwarded-For` says. Nothing is ever looked up by name.
//!
//! Each proxy appends the address that it was called from, so the entries are worth the more the later they stand:
//! whoever calls the first proxy may have written all the others.

use std::{
    borrow::Cow,
    fmt::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use http::{HeaderMap, HeaderName};

use super::ConnInfo;
use crate::config::settings::ProxySettings;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What an empty entry, such as the one behind a trailing comma, has always been recorded as.
const LOCALHOST: &str = "localhost";

/// The client's address of a request that came through proxies, as the settings say; without any, as in the original,
/// the text behind the last comma of the last `X-Forwarded-For`. The connection's where there is no such header or what
/// stands there is no address.
#[must_use]
pub fn client_address<'a>(headers: &'a HeaderMap, connection: &'a ConnInfo, proxies: &ProxySettings) -> Cow<'a, str> {
    if proxies.trusted.is_empty() && proxies.hops_max.is_none() {
        last_entry(headers).unwrap_or(Cow::Borrowed(connection.address()))
    } else {
        farthest_believed(headers, connection, proxies)
    }
}

fn last_entry(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let value = headers.get_all(X_FORWARDED_FOR).iter().next_back()?;
    let address = value.to_str().ok().and_then(|text| {
        let last = text.rsplit_once(',').map_or(text, |(_, last)| last);
        parse_entry(last.trim_matches(|character| character <= ' '))
    });
    if address.is_none() {
        tracing::debug!(value = ?value, "X-Forwarded-For has no address, the connection's is kept");
    }
    address
}

/// Goes from the connection back through the entries as long as whoever wrote the next one is a proxy to be believed:
/// in one of the trusted ranges, or, where there are none, within the number of hops.
fn farthest_believed<'a>(headers: &'a HeaderMap, connection: &'a ConnInfo, proxies: &ProxySettings) -> Cow<'a, str> {
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let hops = proxies.hops_max.map_or(usize::MAX, |hops| usize::try_from(hops).unwrap_or(usize::MAX));
    let mut client = Cow::Borrowed(connection.address());
    let mut writer = connection.peer().ip();
    for entry in entries.take(hops) {
        if !proxies.trusted.is_empty() && !proxies.trusted.iter().any(|range| range.contains(writer)) {
            break;
        }
        let Some((text, address)) = parse_hop(entry) else {
            tracing::debug!(entry = %entry.escape_ascii(), "X-Forwarded-For has no address there, the one before is kept");
            break;
        };
        (client, writer) = (text, address);
    }
    client
}

/// An entry that is an address, as events show it and as it is. What the original makes of an empty one is a place, not
/// an address.
fn parse_hop(entry: &[u8]) -> Option<(Cow<'_, str>, IpAddr)> {
    let text = std::str::from_utf8(entry).ok()?;
    let shown = parse_entry(text.trim_matches(|character| character <= ' '))?;
    let address = shown.split('%').next()?.parse().ok()?;
    Some((shown, address))
}

/// An address as events show it: IPv4 (also when mapped into IPv6), or IPv6 uncompressed in lower case.
#[must_use]
pub fn address_text(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => uncompressed(address),
    }
}

/// The forms that the original reads without asking a name server.
fn parse_entry(text: &str) -> Option<Cow<'_, str>> {
    if text.is_empty() || text.eq_ignore_ascii_case(LOCALHOST) {
        return Some(Cow::Borrowed(if text.is_empty() { LOCALHOST } else { text }));
    }
    // The standard library reads only the canonical form, so the text can stay as it is.
    if text.parse::<Ipv4Addr>().is_ok() {
        return Some(Cow::Borrowed(text));
    }
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let literal = bracketed.unwrap_or(text);
    if literal.contains(':') {
        let (address, zone) = literal.split_once('%').map_or((literal, None), |(address, zone)| (address, Some(zone)));
        let address = address.parse::<Ipv6Addr>().ok()?;
        let mut shown = address_text(address.into());
        if let Some(zone) = zone {
            let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
            if zone.is_empty() || !zone.chars().all(plain) {
                return None;
            }
            shown.push('%');
            shown.push_str(zone);
        }
        return Some(Cow::Owned(shown));
    }
    if bracketed.is_some() { None } else { legacy_ipv4(text).map(|address| Cow::Owned(address.to_string())) }
}

/// One to four decimal numbers, the last of which fills the rest of the address; leading zeros mean nothing.
fn legacy_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut numbers = [0_u32; 4];
    let mut count = 0;
    for part in text.split('.') {
        if count == numbers.len() || part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        numbers[count] = part.parse().ok()?;
        count += 1;
    }
    let (last, leading) = numbers[..count].split_last()?;
    let rest_bits = 32 - 8 * u32::try_from(leading.len()).ok()?;
    if u64::from(*last) >= 1 << rest_bits || leading.iter().any(|number| *number > 255) {
        return None;
    }
    let bits = leading.iter().zip([24, 16, 8]).fold(*last, |bits, (number, shift)| bits | number << shift);
    Some(Ipv4Addr::from_bits(bits))
}

fn uncompressed(address: Ipv6Addr) -> String {
    let mut text = String::with_capacity(39);
    for (index, segment) in address.segments().iter().enumerate() {
        let colon = if index == 0 { "" } else { ":" };
        write!(text, "{colon}{segment:x}").expect("writing to a string cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use http::HeaderValue;

    use super::*;

    const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1);

    fn forwarded(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (X_FORWARDED_FOR, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_last_entry_of_the_last_header_counts() {
        for (values, expected) in [
            (&[][..], "192.0.2.1"),
            (&["10.1.2.3"], "10.1.2.3"),
            (&["10.1.2.3, 192.0.2.9"], "192.0.2.9"),
            (&["1.1.1.1,2.2.2.2,3.3.3.3"], "3.3.3.3"),
            (&["10.1.2.3", "192.0.2.77"], "192.0.2.77"),
            (&["10.1.2.3,\t10.9.9.9"], "10.9.9.9"),
            (&["  10.1.2.3"], "10.1.2.3"),
            (&["10.1.2.3, garbage!!"], "192.0.2.1"),
            (&["10.1.2.3, "], "localhost"),
            (&[""], "localhost"),
        ] {
            let (peer, none) = (ConnInfo::new(PEER), ProxySettings::default());
            assert_eq!(client_address(&forwarded(values), &peer, &none), expected, "{values:?}");
        }
    }

    #[test]
    fn as_many_entries_are_believed_as_proxies_are() {
        let ranges = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a range")).collect();
        let mine = &["192.0.2.0/24", "10.0.0.0/8", "fd00::/8"][..];
        let three = &["203.0.113.9, 198.51.100.7", "10.0.0.2"][..];
        for (trusted, hops_max, values, expected) in [
            (&[][..], Some(1), three, "10.0.0.2"),
            (&[], Some(2), three, "198.51.100.7"),
            (&[], Some(3), three, "203.0.113.9"),
            (&[], Some(9), three, "203.0.113.9"),
            (&[], Some(2), &[], "192.0.2.1"),
            (&[], Some(2), &["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
            (&[], Some(1), &["1.1.1.1, "], "192.0.2.1"),
            (mine, None, three, "198.51.100.7"),
            (mine, None, &["1.1.1.1, 10.0.0.3, 10.0.0.2"], "1.1.1.1"),
            (mine, None, &["6.6.6.6, 1.1.1.1, fd00::7, 10.0.0.2"], "1.1.1.1"),
            (mine, None, &["10.0.0.4,10.0.0.3"], "10.0.0.4"),
            (mine, None, &["1.1.1.1, 10.0.0.3:80"], "192.0.2.1"),
            (mine, None, &["1.1.1.1", "localhost"], "192.0.2.1"),
            (mine, None, &["2001:DB8::5, ::ffff:10.0.0.2"], "2001:db8:0:0:0:0:0:5"),
            (mine, Some(1), &["1.1.1.1, 10.0.0.3, 10.0.0.2"], "10.0.0.2"),
            (mine, Some(2), &["1.1.1.1, 10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["10.0.0.0/8"], None, &["1.1.1.1"], "192.0.2.1"),
        ] {
            let proxies = ProxySettings { trusted: ranges(trusted), hops_max };
            let found = client_address(&forwarded(values), &ConnInfo::new(PEER), &proxies).into_owned();
            assert_eq!(found, expected, "{values:?} {trusted:?} {hops_max:?}");
        }
        let mut odd = forwarded(&["1.1.1.1"]);
        odd.append(X_FORWARDED_FOR, HeaderValue::from_bytes(b"caf\xe9").expect("a value"));
        let proxies = ProxySettings { trusted: Vec::new(), hops_max: Some(5) };
        assert_eq!(client_address(&odd, &ConnInfo::new(PEER), &proxies), "192.0.2.1");
    }

    #[test]
    fn addresses_are_read_in_the_forms_of_the_original() {
        for (text, expected) in [
            ("2001:0db8:0000:0000:0000:ff00:0042:8329", Some("2001:db8:0:0:0:ff00:42:8329")),
            ("[2001:DB8::1]", Some("2001:db8:0:0:0:0:0:1")),
            ("[2001:db8::1]:443", None),
            ("fe80::1%eth0", Some("fe80:0:0:0:0:0:0:1%eth0")),
            ("fe80::1%", None),
            ("fe80::1%<b>", None),
            ("::1", Some("0:0:0:0:0:0:0:1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("10.1.2.3:8080", None),
            ("not an ip", None),
            ("unknown", None),
            ("localhost", Some("localhost")),
            ("10.1", Some("10.0.0.1")),
            ("1.2.3", Some("1.2.0.3")),
            ("1.2.65536", None),
            ("3232235521", Some("192.168.0.1")),
            ("4294967295", Some("255.255.255.255")),
            ("4294967296", None),
            ("010.001.002.003", Some("10.1.2.3")),
            ("300.1.1.1", None),
            ("1.2.3.4.5", None),
            ("1..2", None),
            ("[10.1.2.3]", None),
            ("\"10.1.2.3\"", None),
            ("-1", None),
        ] {
            assert_eq!(parse_entry(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_peer_is_shown_like_a_forwarded_address() {
        for (address, expected) in
            [("127.0.0.1", "127.0.0.1"), ("::1", "0:0:0:0:0:0:0:1"), ("::ffff:10.0.0.1", "10.0.0.1")]
        {
            assert_eq!(address_text(address.parse().unwrap()), expected);
        }
    }
}
