//! `utm()` and `click()`: what the query of an address says about the campaign and the advertisement that led to it.

use crate::mapping::java::{form::pairs, uri::Part};

/// A property of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are named as scripts name them, see UTM_FIELDS")]
pub enum UtmField {
    Source,
    Medium,
    Campaign,
    Term,
    Content,
    Id,
}

/// Method and query parameter.
pub(super) const UTM_FIELDS: &[(&str, UtmField, &str)] = &[
    ("source", UtmField::Source, "utm_source"),
    ("medium", UtmField::Medium, "utm_medium"),
    ("campaign", UtmField::Campaign, "utm_campaign"),
    ("term", UtmField::Term, "utm_term"),
    ("content", UtmField::Content, "utm_content"),
    ("id", UtmField::Id, "utm_id"),
];

impl UtmField {
    /// By the name of its method.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        UTM_FIELDS.iter().find(|(own, ..)| *own == name).map(|(_, field, _)| *field)
    }

    /// Name of its method.
    #[must_use]
    pub fn name(self) -> &'static str {
        UTM_FIELDS[self as usize].0
    }

    /// Its query parameter.
    #[must_use]
    pub fn parameter(self) -> &'static str {
        UTM_FIELDS[self as usize].2
    }
}

/// A property of a click.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClickField {
    /// The id that the network gave it.
    Id,
    /// Name of the network.
    Network,
    /// The query parameter.
    Parameter,
}

pub(super) const CLICK_FIELDS: &[(&str, ClickField)] =
    &[("id", ClickField::Id), ("network", ClickField::Network), ("parameter", ClickField::Parameter)];

impl ClickField {
    /// By the name of its method.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        CLICK_FIELDS.iter().find(|(own, _)| *own == name).map(|(_, field)| *field)
    }

    /// Name of its method.
    #[must_use]
    pub fn name(self) -> &'static str {
        CLICK_FIELDS[self as usize].0
    }
}

/// Query parameters in which networks tell a click again, and the networks, as their documentation names them.
pub const CLICKS: &[(&str, &str)] = &[
    ("gclid", "Google"),
    ("gbraid", "Google"),
    ("wbraid", "Google"),
    ("dclid", "Google Display"),
    ("fbclid", "Facebook"),
    ("msclkid", "Microsoft"),
    ("ttclid", "TikTok"),
    ("li_fat_id", "LinkedIn"),
    ("twclid", "X"),
    ("yclid", "Yandex"),
    ("ScCid", "Snapchat"),
    ("rdt_cid", "Reddit"),
    ("epik", "Pinterest"),
    ("irclickid", "Impact"),
];

/// The first click in a raw query: its number among [`CLICKS`].
#[must_use]
pub fn click(query: &str) -> Option<usize> {
    let known = |name: &str| CLICKS.iter().position(|(own, _)| *own == name);
    pairs(query).filter(|(_, value)| !value.is_empty()).find_map(|(name, _)| known(name))
}

/// The raw query of an address, in whatever state the rest of it is; none if there is no question mark.
#[must_use]
pub fn raw_query(address: &str) -> Option<Part> {
    let end = address.find('#').unwrap_or(address.len());
    let start = address[..end].find('?')? + 1;
    Some(Part { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_have_the_order_of_the_variants() {
        for (index, (_, field, _)) in UTM_FIELDS.iter().enumerate() {
            assert_eq!(*field as usize, index);
        }
        for (index, (_, field)) in CLICK_FIELDS.iter().enumerate() {
            assert_eq!(*field as usize, index);
        }
    }

    #[test]
    fn the_first_click_counts() {
        for (query, expected) in [
            ("a=b&gclid=1&fbclid=2", Some("gclid")),
            ("fbclid=&msclkid=x", Some("msclkid")),
            ("GCLID=1", None),
            ("", None),
        ] {
            assert_eq!(click(query).map(|number| CLICKS[number].0), expected, "{query}");
        }
    }
}
