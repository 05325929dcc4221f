//! What the original does not have: texts joined, UUIDs of events, campaigns, what led to a page, pseudonyms.

use super::{
    Found, Given,
    campaign::{CLICK_FIELDS, ClickField, UTM_FIELDS, UtmField},
    digest::Piece,
    traffic::{TRAFFIC_FIELDS, TrafficField},
};
use crate::mapping::producer::{Kind, Producer, ProducerId, Producers};

/// A lazy value that the original does not have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Extension {
    /// Texts and values, one after the other.
    Join(Vec<Piece>),
    /// A UUID made of the event's id.
    EventUuid,
    /// The campaign that an address names: of this text, or of the location.
    Utm(Option<ProducerId>),
    /// A property of a campaign.
    UtmPart(ProducerId, UtmField),
    /// The click on an advertisement that an address names: of this text, or of the location.
    Click(Option<ProducerId>),
    /// A property of a click.
    ClickPart(ProducerId, ClickField),
    /// An address without its last part.
    Anonymised(ProducerId),
    /// What led the visitor to the page.
    Traffic,
    /// A property of it.
    TrafficPart(ProducerId, TrafficField),
    /// A digest of texts and values, with the key of the configuration.
    Pseudonym(Vec<Piece>),
    /// The row of a table that this text is the key of.
    Row {
        /// Number of the table.
        table: usize,
        /// Its name.
        name: String,
        /// The text.
        of: ProducerId,
    },
    /// The value of a row in this column.
    Column(ProducerId, String),
}

/// Names of the functions.
pub(super) const FUNCTIONS: &[&str] =
    &["join", "eventUuid", "utm", "click", "anonymised", "traffic", "pseudonym", LOOKUP];

/// The function that finds a row of a table.
pub const LOOKUP: &str = "lookup";

/// The method of rows.
pub const COLUMN: &str = "column";

impl Extension {
    /// Calls `each` for every producer that it is made of, in order.
    pub fn for_each_operand(&mut self, mut each: impl FnMut(&mut ProducerId)) {
        match self {
            Self::EventUuid | Self::Traffic | Self::Utm(None) | Self::Click(None) => {}
            Self::Utm(Some(of))
            | Self::Click(Some(of))
            | Self::UtmPart(of, _)
            | Self::ClickPart(of, _)
            | Self::TrafficPart(of, _)
            | Self::Row { of, .. }
            | Self::Column(of, _)
            | Self::Anonymised(of) => each(of),
            Self::Join(pieces) | Self::Pseudonym(pieces) => {
                for piece in pieces {
                    if let Piece::Producer(of) = piece {
                        each(of);
                    }
                }
            }
        }
    }

    /// Static type of its values.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Utm(_) => Kind::Campaign,
            Self::Click(_) => Kind::Click,
            Self::Traffic => Kind::Traffic,
            Self::Pseudonym(_) => Kind::Bytes,
            Self::Row { .. } => Kind::Row,
            Self::TrafficPart(..)
            | Self::Join(_)
            | Self::EventUuid
            | Self::UtmPart(..)
            | Self::ClickPart(..)
            | Self::Column(..)
            | Self::Anonymised(_) => Kind::Text,
        }
    }

    /// Whether it has a value for every event.
    #[must_use]
    pub fn always(&self, producers: &Producers) -> bool {
        match self {
            Self::EventUuid | Self::Traffic => true,
            Self::TrafficPart(_, field) => *field == TrafficField::Channel,
            Self::Join(pieces) | Self::Pseudonym(pieces) => pieces.iter().all(|piece| match piece {
                Piece::Text(_) => true,
                // An object or array of the parameters is no text.
                Piece::Producer(of) => producers.kind(*of) != Kind::Json && producers.always(*of),
            }),
            _ => false,
        }
    }

    /// As the script would write it; `write` writes an operand.
    pub fn describe(&self, out: &mut String, mut write: impl FnMut(ProducerId, &mut String)) {
        let mut call = |name: &str, of: Option<ProducerId>, out: &mut String| {
            out.extend([name, "("]);
            if let Some(of) = of {
                write(of, out);
            }
            out.push(')');
        };
        match self {
            Self::EventUuid => *out += "eventUuid()",
            Self::Traffic => *out += "traffic()",
            Self::TrafficPart(of, field) => {
                write(*of, out);
                out.extend([".", field.name(), "()"]);
            }
            Self::Row { name, of, .. } => {
                out.extend([LOOKUP, "('", name, "', "]);
                write(*of, out);
                out.push(')');
            }
            Self::Column(of, column) => {
                write(*of, out);
                out.extend([".", COLUMN, "('", column, "')"]);
            }
            Self::Utm(of) => call("utm", *of, out),
            Self::Click(of) => call("click", *of, out),
            Self::Anonymised(of) => call("anonymised", Some(*of), out),
            Self::UtmPart(of, field) => {
                write(*of, out);
                out.extend([".", field.name(), "()"]);
            }
            Self::ClickPart(of, field) => {
                write(*of, out);
                out.extend([".", field.name(), "()"]);
            }
            Self::Join(pieces) | Self::Pseudonym(pieces) => {
                *out += if matches!(self, Self::Join(_)) { "join(" } else { "pseudonym(" };
                for (number, piece) in pieces.iter().enumerate() {
                    *out += if number > 0 { ", " } else { "" };
                    match piece {
                        Piece::Text(text) => out.extend(["'", text, "'"]),
                        Piece::Producer(of) => write(*of, out),
                    }
                }
                out.push(')');
            }
        }
    }
}

/// Whether a value can be a piece of a joined text.
fn joinable(kind: Kind) -> bool {
    matches!(kind, Kind::Text | Kind::Boolean | Kind::Int | Kind::Long | Kind::Float | Kind::Double | Kind::Json)
}

/// Functions that stand for one of these.
pub(super) fn function(producers: &Producers, name: &str, arguments: &[Given]) -> Found {
    let found = |extension| Found::Producer(Producer::Extension(Box::new(extension)));
    let text = |of: &ProducerId| producers.kind(*of) == Kind::Text;
    match (name, arguments) {
        ("join" | "pseudonym", [_, ..]) => {
            let pieces = arguments.iter().map(|given| match given {
                Given::Text { text, .. } => Some(Piece::Text(text.clone())),
                Given::Producer(of) if joinable(producers.kind(*of)) => Some(Piece::Producer(*of)),
                _ => None,
            });
            let pieces = pieces.collect::<Option<Vec<_>>>();
            pieces.map_or(Found::WrongArguments("texts, and strings, numbers and booleans of the event"), |pieces| {
                found(if name == "join" { Extension::Join(pieces) } else { Extension::Pseudonym(pieces) })
            })
        }
        ("join" | "pseudonym", []) => Found::WrongArguments("texts, and strings, numbers and booleans of the event"),
        ("eventUuid", []) => found(Extension::EventUuid),
        ("traffic", []) => found(Extension::Traffic),
        ("eventUuid" | "traffic", _) => Found::WrongArguments("no argument"),
        ("utm", []) => found(Extension::Utm(None)),
        ("click", []) => found(Extension::Click(None)),
        ("utm", [Given::Producer(of)]) if text(of) => found(Extension::Utm(Some(*of))),
        ("click", [Given::Producer(of)]) if text(of) => found(Extension::Click(Some(*of))),
        ("utm" | "click", _) => Found::WrongArguments("no argument, or a text of the event that is an address"),
        ("anonymised", [Given::Producer(of)]) if text(of) => found(Extension::Anonymised(*of)),
        ("anonymised", _) => Found::WrongArguments("a text of the event that is an address, such as `remoteHost()`"),
        _ => Found::Unknown,
    }
}

/// Methods of campaigns and clicks.
pub(super) fn method(kind: Kind, of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    let extension = match kind {
        Kind::Campaign => UtmField::named(name).map(|field| Extension::UtmPart(of, field)),
        Kind::Traffic => TrafficField::named(name).map(|field| Extension::TrafficPart(of, field)),
        _ => ClickField::named(name).map(|field| Extension::ClickPart(of, field)),
    };
    match extension {
        Some(extension) if arguments.is_empty() => Found::Producer(Producer::Extension(Box::new(extension))),
        Some(_) => Found::WrongArguments("no argument"),
        None => Found::Unknown,
    }
}

/// Names of the methods of such a type, for hints.
pub(super) fn method_names(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Campaign => UTM_FIELDS.iter().map(|(name, ..)| *name).collect(),
        Kind::Traffic => TRAFFIC_FIELDS.iter().map(|(name, _)| *name).collect(),
        _ => CLICK_FIELDS.iter().map(|(name, _)| *name).collect(),
    }
}

/// The UUID of an event: of version 5, in the name space of URLs, of the name `headwater:event/` and the id.
#[must_use]
pub fn event_uuid(id: &str) -> [u8; 36] {
    use sha1::Digest as _;
    const URLS: [u8; 16] =
        [0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hash = sha1::Sha1::new_with_prefix(URLS).chain_update("headwater:event/").chain_update(id).finalize();
    hash[6] = hash[6] & 0x0f | 0x50;
    hash[8] = hash[8] & 0x3f | 0x80;
    let mut text = [b'-'; 36];
    let places = (0..36).filter(|at| !matches!(at, 8 | 13 | 18 | 23));
    for (number, at) in places.enumerate() {
        let byte = hash[number / 2];
        text[at] = DIGITS[usize::from(if number % 2 == 0 { byte >> 4 } else { byte & 15 })];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_those_of_other_libraries() {
        // uuid.uuid5(uuid.NAMESPACE_URL, "headwater:event/0:page0") of Python.
        assert_eq!(event_uuid("0:page0"), *b"b9b0da8e-b269-5079-92c9-8daf65530977");
    }
}
