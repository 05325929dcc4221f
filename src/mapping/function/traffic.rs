//! `traffic()`: what led the visitor to the page.

use super::campaign::{CLICKS, click, raw_query};
use crate::{
    enrich::referrer::{Channel, Row, bare, host, is_within, referrer},
    mapping::java::form::pairs,
};

/// A property of what led the visitor to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrafficField {
    /// Class: `search`, `social` and so on.
    Channel,
    /// Name, such as `Google`.
    Name,
    /// What was searched for.
    Term,
}

pub(super) const TRAFFIC_FIELDS: &[(&str, TrafficField)] =
    &[("channel", TrafficField::Channel), ("name", TrafficField::Name), ("term", TrafficField::Term)];

impl TrafficField {
    /// By the name of its method.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TRAFFIC_FIELDS.iter().find(|(own, _)| *own == name).map(|(_, field)| *field)
    }

    /// Name of its method.
    #[must_use]
    pub fn name(self) -> &'static str {
        TRAFFIC_FIELDS[self as usize].0
    }
}

/// Query parameters that hold what was searched for, in the order in which they are looked at.
pub const TERMS: &[&str] =
    &["q", "query", "p", "text", "wd", "word", "keyword", "search_query", "searchfor", "qs", "k", "s"];

/// How a name is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// By the host.
    Host(Row),
    /// By the click: its number among [`CLICKS`].
    Click(u8),
}

impl Name {
    /// The name itself.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Host(row) => row.name(),
            Self::Click(number) => CLICKS[usize::from(number)].1,
        }
    }
}

/// What led the visitor to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Its class.
    pub channel: Channel,
    /// Its name, if it has one.
    pub name: Option<Name>,
}

/// Tells what led a visitor to `location` from what the address says of clicks and campaigns, and from the page before
/// it. `own_hosts` are those of the site, beside the location's. `room` is for a moment only.
#[must_use]
pub fn traffic(location: Option<&str>, referer: Option<&str>, own_hosts: &[String], room: &mut String) -> Traffic {
    let from = referer.and_then(host);
    let here = location.and_then(host);
    if let Some(from) = from
        && (here.is_some_and(|here| bare(here).eq_ignore_ascii_case(bare(from)))
            || own_hosts.iter().any(|own| is_within(from, own)))
    {
        return Traffic { channel: Channel::Internal, name: None };
    }
    let query = location.and_then(|location| Some(raw_query(location)?.of(location))).unwrap_or_default();
    let known = from.and_then(|from| {
        room.clear();
        room.push_str(from);
        room.make_ascii_lowercase();
        referrer(room)
    });
    let name = known.map(|known| Name::Host(known.row));
    let clicked = click(query).and_then(|number| Some((CLICKS[number].0, Name::Click(u8::try_from(number).ok()?))));
    match clicked {
        // It stands behind every link that leads out of the network, paid or not.
        Some(("fbclid", network)) if name.is_none() => {
            return Traffic { channel: medium(query).unwrap_or(Channel::Social), name: Some(network) };
        }
        Some((parameter, network)) if parameter != "fbclid" => {
            return Traffic { channel: Channel::Paid, name: Some(network) };
        }
        _ => {}
    }
    let channel = match (medium(query), known, referer) {
        (Some(Channel::Paid), ..) => Channel::Paid,
        (_, Some(known), _) => known.channel,
        (Some(medium), ..) => medium,
        (None, None, None | Some("")) => Channel::Direct,
        (None, None, Some(_)) => Channel::Other,
    };
    Traffic { channel, name }
}

/// The class that `utm_medium` says, in words that are in general use.
fn medium(query: &str) -> Option<Channel> {
    const WORDS: [(&str, Channel); 14] = [
        ("cpc", Channel::Paid),
        ("ppc", Channel::Paid),
        ("cpm", Channel::Paid),
        ("cpv", Channel::Paid),
        ("cpa", Channel::Paid),
        ("display", Channel::Paid),
        ("banner", Channel::Paid),
        ("retargeting", Channel::Paid),
        ("email", Channel::Mail),
        ("e-mail", Channel::Mail),
        ("mail", Channel::Mail),
        ("newsletter", Channel::Mail),
        ("social", Channel::Social),
        ("social-media", Channel::Social),
    ];
    let (_, value) = pairs(query).find(|(name, _)| *name == "utm_medium")?;
    if value.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("paid")) {
        return Some(Channel::Paid);
    }
    WORDS.iter().find(|(word, _)| value.eq_ignore_ascii_case(word)).map(|(_, channel)| *channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visitors_come_from_somewhere() {
        let own = ["shop.example".to_owned(), "pay.example".to_owned()];
        for (query, referer, expected) in [
            ("", None, (Channel::Direct, None)),
            ("", Some(""), (Channel::Direct, None)),
            ("", Some("about:blank"), (Channel::Other, None)),
            ("", Some("https://WWW.Google.com/"), (Channel::Search, Some("Google"))),
            ("", Some("https://mail.google.com/"), (Channel::Mail, Some("Gmail"))),
            ("", Some("android-app://com.google.android.gm/"), (Channel::Mail, Some("Gmail"))),
            ("", Some("https://t.co/x"), (Channel::Social, Some("Twitter"))),
            ("", Some("https://blog.example/"), (Channel::Other, None)),
            ("", Some("https://www.start.example/a"), (Channel::Internal, None)),
            ("", Some("https://eu.pay.example/a"), (Channel::Internal, None)),
            ("gclid=1", Some("https://eu.pay.example/a"), (Channel::Internal, None)),
            ("gclid=1", Some("https://www.google.com/"), (Channel::Paid, Some("Google"))),
            ("msclkid=1", None, (Channel::Paid, Some("Microsoft"))),
            ("fbclid=1", None, (Channel::Social, Some("Facebook"))),
            ("fbclid=1&utm_medium=paid_social", None, (Channel::Paid, Some("Facebook"))),
            ("fbclid=1", Some("https://l.facebook.com/"), (Channel::Social, Some("Facebook"))),
            ("utm_medium=CPC", Some("https://www.bing.com/"), (Channel::Paid, Some("Bing"))),
            ("utm_medium=email", None, (Channel::Mail, None)),
            ("utm_medium=social", Some("https://blog.example/"), (Channel::Social, None)),
            ("utm_medium=other", None, (Channel::Direct, None)),
        ] {
            let location = format!("https://start.example/?{query}");
            let told = traffic(Some(&location), referer, &own, &mut String::new());
            assert_eq!((told.channel, told.name.map(Name::text)), expected, "{query} {referer:?}");
        }
    }
}
