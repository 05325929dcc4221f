//! What the host of a referring page is: a search engine, a social network, mail, an advertisement.

use std::{collections::HashMap, sync::LazyLock};

/// Class, name and hosts, a line each; the file names its source.
const TABLE: &str = include_str!("referrers.txt");

/// What led a visitor to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A search engine.
    Search,
    /// A social network.
    Social,
    /// A program or page for mail.
    Mail,
    /// An advertisement.
    Paid,
    /// Another page of the same site.
    Internal,
    /// Any other page.
    Other,
    /// No page that is known of.
    Direct,
}

/// Names, as scripts see them.
const CHANNELS: [(&str, Channel); 7] = [
    ("search", Channel::Search),
    ("social", Channel::Social),
    ("mail", Channel::Mail),
    ("paid", Channel::Paid),
    ("internal", Channel::Internal),
    ("other", Channel::Other),
    ("direct", Channel::Direct),
];

impl Channel {
    /// As scripts see it.
    #[must_use]
    pub fn name(self) -> &'static str {
        CHANNELS[self as usize].0
    }
}

/// A known host that leads visitors to pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// What it is.
    pub channel: Channel,
    /// Where its name stands.
    pub row: Row,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row(u16);

impl Row {
    /// The name in it, such as `Google`.
    #[must_use]
    pub fn name(self) -> &'static str {
        KNOWN.names.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}

#[derive(Default)]
struct Known {
    names: Vec<&'static str>,
    hosts: HashMap<&'static str, Referrer>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known::default();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('|');
        let (Some(class), Some(name), Some(hosts)) = (columns.next(), columns.next(), columns.next()) else { continue };
        let channel = CHANNELS.iter().find(|(own, _)| *own == class);
        if let (Some((_, channel)), Ok(row)) = (channel, u16::try_from(known.names.len())) {
            known.names.push(name);
            let referrer = Referrer { channel: *channel, row: Row(row) };
            known.hosts.extend(hosts.split(' ').map(|host| (host, referrer)));
        }
    }
    known
});

/// What is known of a host, in small letters: the row of the host itself or of the nearest one above it.
#[must_use]
pub fn referrer(host: &str) -> Option<Referrer> {
    let mut host = host;
    loop {
        if let Some(found) = KNOWN.hosts.get(host) {
            return Some(*found);
        }
        host = host.split_once('.')?.1;
    }
}

/// Host of an address with a scheme, without user and port; of an app it is the app's name.
#[must_use]
pub fn host(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => &host[..rest.find(']')? + 2],
        None => host.split(':').next()?,
    };
    let host = host.trim_end_matches('.');
    (!host.is_empty()).then_some(host)
}

/// Whether a host is `own` or stands below it; letters count the same in both sizes.
#[must_use]
pub fn is_within(host: &str, own: &str) -> bool {
    let Some(start) = host.len().checked_sub(own.len()) else { return false };
    let (Some(before), Some(end)) = (host.as_bytes().get(..start), host.as_bytes().get(start..)) else { return false };
    end.eq_ignore_ascii_case(own.as_bytes()) && (before.is_empty() || before.ends_with(b"."))
}

/// The host without a leading `www.`.
#[must_use]
pub fn bare(host: &str) -> &str {
    match host.get(..4) {
        Some(www) if www.eq_ignore_ascii_case("www.") => &host[4..],
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_known_with_those_below() {
        for (host, expected) in [
            ("www.google.com", Some((Channel::Search, "Google"))),
            ("google.co.uk", Some((Channel::Search, "Google"))),
            ("mail.google.com", Some((Channel::Mail, "Gmail"))),
            ("l.facebook.com", Some((Channel::Social, "Facebook"))),
            ("duckduckgo.com", Some((Channel::Search, "DuckDuckGo"))),
            ("googleads.g.doubleclick.net", Some((Channel::Paid, "Google"))),
            ("docs.support.google.com", Some((Channel::Other, "Google"))),
            ("notgoogle.com", None),
            ("com", None),
            ("", None),
        ] {
            assert_eq!(referrer(host).map(|it| (it.channel, it.row.name())), expected, "{host}");
        }
    }

    #[test]
    fn the_whole_table_is_read() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
        let hosts: usize = rows.map(|row| row.rsplit('|').next().map_or(0, |hosts| hosts.split(' ').count())).sum();
        assert_eq!(KNOWN.hosts.len(), hosts);
        assert!(hosts > 900, "{hosts}");
        for (index, (_, channel)) in CHANNELS.iter().enumerate() {
            assert_eq!(*channel as usize, index);
        }
    }

    #[test]
    fn hosts_are_found_in_addresses() {
        for (address, expected) in [
            ("https://User:pw@Shop.example:8443/a?b#c", Some("Shop.example")),
            ("https://shop.example", Some("shop.example")),
            ("http://shop.example.?x", Some("shop.example")),
            ("http://[::1]:80/", Some("[::1]")),
            ("android-app://com.google.android.gm/", Some("com.google.android.gm")),
            ("about:blank", None),
            ("https:///x", None),
            ("", None),
        ] {
            assert_eq!(host(address), expected, "{address}");
        }
        for (host, own, expected) in [
            ("shop.example", "Shop.example", true),
            ("a.shop.example", "shop.example", true),
            ("myshop.example", "shop.example", false),
            ("example", "shop.example", false),
            ("é.shop.example", "p.example", false),
        ] {
            assert_eq!(is_within(host, own), expected, "{host} {own}");
        }
    }
}
