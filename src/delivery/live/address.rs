//! Cuts the client's address out of what is shown.
//!
//! Of an IPv4 address the last number goes, of an IPv6 address all but the first 48 bits. Whatever field holds it and
//! whatever stands around it: the mapping decides where an address goes, and it may well be part of a longer text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4};

use crate::event::Event;

/// Headers in which numbers with dots are versions.
const VERSION_HEADERS: [&str; 2] = ["user-agent", "sec-ch-"];

/// Addresses of one event; what comes behind is cut from no header.
const ADDRESSES_MAX: usize = 16;

/// The addresses of one event in every form that they are written in, and what is shown instead.
#[derive(Debug, Default)]
pub(super) struct Cuts(Vec<Cut>);

#[derive(Debug)]
struct Cut {
    form: String,
    shown: String,
    loopback: bool,
}

impl Cuts {
    /// Those of an event: the client's, and those that proxies have noted in headers.
    pub(super) fn of(event: &Event<'_>) -> Self {
        let mut addresses = Vec::new();
        let mut add = |address: IpAddr| {
            let address = address.to_canonical();
            if !addresses.contains(&address) && addresses.len() < ADDRESSES_MAX {
                addresses.push(address);
            }
        };
        let client = event.remote_host.map(|text| text.split_once('%').map_or(text, |(address, _zone)| address));
        client.and_then(|text| text.parse().ok()).into_iter().for_each(&mut add);
        let headers = event.headers.iter();
        let headers = headers.filter(|(name, _)| !VERSION_HEADERS.iter().any(|other| name.starts_with(other)));
        headers.flat_map(|(_, value)| written_in(value)).for_each(&mut add);
        Self(addresses.into_iter().flat_map(cuts).collect())
    }

    /// Cuts them in the text of a JSON value, which stays one: no form holds anything that JSON escapes.
    pub(super) fn apply(&self, json: String) -> String {
        self.0.iter().fold(json, |json, cut| cut.apply(json))
    }
}

/// The addresses in a text, alone or with a port.
fn written_in(text: &str) -> impl Iterator<Item = IpAddr> {
    let words = text.split(|character: char| !character.is_ascii_hexdigit() && character != '.' && character != ':');
    words.filter_map(|word| {
        let with_port = || word.parse::<SocketAddrV4>().ok().map(|socket| IpAddr::V4(*socket.ip()));
        word.parse().ok().or_else(with_port)
    })
}

fn cuts(address: IpAddr) -> Vec<Cut> {
    let (forms, shown) = match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            (vec![address.to_string()], format!("{first}.{second}.{third}.x"))
        }
        IpAddr::V6(address) => {
            let [first, second, third, ..] = address.segments();
            (forms_of(address), format!("{first:x}:{second:x}:{third:x}:x"))
        }
    };
    let loopback = address.is_loopback();
    forms.into_iter().map(|form| Cut { form, shown: shown.clone(), loopback }).collect()
}

/// Compressed, without leading zeros, in full; and each as it is written in a URL's query.
fn forms_of(address: Ipv6Addr) -> Vec<String> {
    let join = |print: fn(&u16) -> String| address.segments().iter().map(print).collect::<Vec<_>>().join(":");
    let mut forms =
        vec![join(|segment| format!("{segment:04x}")), join(|segment| format!("{segment:x}")), address.to_string()];
    forms.dedup();
    let escaped: Vec<_> = forms.iter().map(|form| form.replace(':', "%3A")).collect();
    forms.extend(escaped);
    forms
}

impl Cut {
    fn apply(&self, json: String) -> String {
        let mut kept = String::new();
        let mut rest = json.as_str();
        let mut before = "";
        while let Some(at) = find(rest, &self.form) {
            let (ahead, found) = rest.split_at(at);
            let (found, behind) = found.split_at(self.form.len());
            before = if ahead.is_empty() { before } else { ahead };
            kept.push_str(ahead);
            kept.push_str(if self.stays(before, behind) { found } else { &self.shown });
            before = found;
            rest = behind;
        }
        if kept.is_empty() && rest.len() == json.len() {
            return json;
        }
        kept.push_str(rest);
        kept
    }

    /// Whether what was found is part of a longer number, or the host of a page on this very machine, which tells
    /// nothing about anybody.
    fn stays(&self, before: &str, behind: &str) -> bool {
        let decimal = self.form.parse::<Ipv4Addr>().is_ok();
        let goes_on = |byte: &u8| if decimal { byte.is_ascii_digit() } else { byte.is_ascii_hexdigit() };
        let host = self.loopback && before.trim_end_matches('[').ends_with("//");
        host || before.as_bytes().last().is_some_and(goes_on) || behind.as_bytes().first().is_some_and(goes_on)
    }
}

/// Where a text of ASCII stands first, in whatever case.
fn find(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::live::tests::{page_view, with_headers};

    fn shown(address: &str, text: &str) -> String {
        Cuts::of(&Event { remote_host: Some(address), ..page_view() }).apply(text.to_owned())
    }

    #[test]
    fn the_address_goes_wherever_it_stands() {
        let v6 = "2001:db8:1:0:0:0:0:42";
        for (address, text, expected) in [
            ("203.0.113.7", r#"{"ip":"203.0.113.7"}"#, r#"{"ip":"203.0.113.x"}"#),
            ("203.0.113.7", "203.0.113.7,203.0.113.7", "203.0.113.x,203.0.113.x"),
            ("203.0.113.7", "203.0.113.7203.0.113.7", "203.0.113.7203.0.113.7"),
            ("203.0.113.7", "203.0.113.70 1203.0.113.7 203.0.113.8", "203.0.113.70 1203.0.113.7 203.0.113.8"),
            ("203.0.113.7", "x203.0.113.7:80 ::ffff:203.0.113.7", "x203.0.113.x:80 ::ffff:203.0.113.x"),
            ("203.0.113.7", "http://203.0.113.7/", "http://203.0.113.x/"),
            ("203.0.113.7", "ü203.0.113.7ü", "ü203.0.113.xü"),
            (v6, r#"["2001:DB8:1::42"]"#, r#"["2001:db8:1:x"]"#),
            (v6, "for=\\\"[2001:db8:1::42]:4711\\\"", "for=\\\"[2001:db8:1:x]:4711\\\""),
            (v6, "2001:db8:1:0:0:0:0:42 2001:0db8:0001:0000:0000:0000:0000:0042", "2001:db8:1:x 2001:db8:1:x"),
            (v6, "?a=2001%3adb8%3A1%3A%3A42&b", "?a=2001:db8:1:x&b"),
            (v6, "2001:db8:1::423 2001:db8:1::43", "2001:db8:1::423 2001:db8:1::43"),
            ("fe80:0:0:0:0:0:0:1%eth0", "fe80:0:0:0:0:0:0:1%eth0", "fe80:0:0:x%eth0"),
            ("127.0.0.1", "http://127.0.0.1:8290/ from 127.0.0.1", "http://127.0.0.1:8290/ from 127.0.0.x"),
            ("::1", "http://[::1]:8290/ from ::1", "http://[::1]:8290/ from 0:0:0:x"),
            ("localhost", "http://localhost/", "http://localhost/"),
            ("", "a", "a"),
        ] {
            assert_eq!(shown(address, text), expected, "{address}");
        }
    }

    #[test]
    fn so_do_the_addresses_that_proxies_have_noted() {
        let headers = [
            ("x-forwarded-for", "198.51.100.9, [2001:db8:2::1], 198.51.100.10:443, x"),
            ("user-agent", "Chrome/120.0.0.0"),
        ];
        let stored = with_headers(&page_view(), &headers);
        let event = crate::event::codec::decode(&stored).expect("an event");
        let text = "198.51.100.9 198.51.100.10 2001:db8:2:0:0:0:0:1 Chrome/120.0.0.0".to_owned();
        assert_eq!(Cuts::of(&event).apply(text), "198.51.100.x 198.51.100.x 2001:db8:2:x Chrome/120.0.0.0");
    }
}
