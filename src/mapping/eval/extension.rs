//! Values that the original does not have.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{Datum, Evaluation, Failure, TextRef};
use crate::{
    enrich::geo::address,
    mapping::{
        function::{
            campaign::{CLICKS, ClickField, click, raw_query},
            digest::Piece,
            extension::{Extension, event_uuid},
            uri::query_value,
        },
        java::number::{push_double, push_float},
        producer::ProducerId,
    },
};

impl<'e> Evaluation<'e, '_> {
    pub(super) fn extension(&mut self, id: ProducerId, extension: &'e Extension) -> Result<Datum<'e>, Box<Failure>> {
        Ok(match extension {
            Extension::Join(pieces) => self.join(pieces)?,
            Extension::EventUuid => {
                let uuid = event_uuid(self.event.event_id);
                // Made of digits and dashes.
                Datum::Text(self.computed(std::str::from_utf8(&uuid).unwrap_or_default()))
            }
            Extension::Utm(of) | Extension::Click(of) => {
                let text = match of {
                    Some(of) => self.text_of(id, *of)?,
                    None => self.event.location.map(TextRef::Borrowed),
                };
                let query = text.and_then(|text| Some(text.part(raw_query(self.read(text))?)));
                match (query, extension) {
                    (Some(query), Extension::Click(_)) if click(self.read(query)).is_none() => Datum::Absent,
                    (Some(query), _) => Datum::Query(query),
                    _ => Datum::Absent,
                }
            }
            Extension::UtmPart(of, field) => match self.value(*of)? {
                Datum::Query(query) => query_value(self, query, field.parameter()),
                _ => Datum::Absent,
            },
            Extension::ClickPart(of, field) => match self.value(*of)? {
                Datum::Query(query) => self.click_part(query, *field),
                _ => Datum::Absent,
            },
            Extension::Anonymised(of) => self.text_of(id, *of)?.map_or(Datum::Absent, |text| self.anonymised(text)),
        })
    }

    fn click_part(&mut self, query: TextRef<'e>, field: ClickField) -> Datum<'e> {
        let Some((parameter, network)) = click(self.read(query)).map(|number| CLICKS[number]) else {
            return Datum::Absent;
        };
        match field {
            ClickField::Id => query_value(self, query, parameter),
            ClickField::Network => Datum::text(Some(network)),
            ClickField::Parameter => Datum::text(Some(parameter)),
        }
    }

    /// Absent if any piece is.
    fn join(&mut self, pieces: &'e [Piece]) -> Result<Datum<'e>, Box<Failure>> {
        // Pieces may be joined texts, which use the same room.
        let mut joined = std::mem::take(&mut self.joined);
        let start = joined.len();
        for piece in pieces {
            let there = match piece {
                Piece::Text(text) => {
                    joined.push_str(text);
                    true
                }
                Piece::Producer(of) => {
                    self.joined = joined;
                    let value = self.value(*of)?;
                    joined = std::mem::take(&mut self.joined);
                    self.push(value, &mut joined)
                }
            };
            if !there {
                joined.truncate(start);
                self.joined = joined;
                return Ok(Datum::Absent);
            }
        }
        let text = self.computed(&joined[start..]);
        joined.truncate(start);
        self.joined = joined;
        Ok(Datum::Text(text))
    }

    /// Appends a value as text, numbers as Java writes them; false if it is none.
    fn push(&self, value: Datum<'e>, out: &mut String) -> bool {
        // Writing to memory cannot fail.
        let _ = match value {
            Datum::Text(text) => {
                out.push_str(self.read(text));
                Ok(())
            }
            Datum::Boolean(value) => write!(out, "{value}"),
            Datum::Int(value) => write!(out, "{value}"),
            Datum::Long(value) => write!(out, "{value}"),
            Datum::Float(value) => {
                push_float(value, out);
                Ok(())
            }
            Datum::Double(value) => {
                push_double(value, out);
                Ok(())
            }
            Datum::Json(node) => return self.shared.document.scalar_text(node, |text| out.push_str(text)).is_some(),
            _ => return false,
        };
        true
    }

    /// The last octet of an address of version 4 is 0, the last 80 bits of one of version 6 are.
    fn anonymised(&mut self, text: TextRef<'e>) -> Datum<'e> {
        let Some(address) = address(self.read(text)) else { return Datum::Absent };
        let address = match address {
            IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & !0xff)),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 80 << 80)),
        };
        let mut text = std::mem::take(&mut self.key);
        text.clear();
        // Writing to memory cannot fail.
        let _ = write!(text, "{address}");
        let computed = self.computed(&text);
        self.key = text;
        Datum::Text(computed)
    }
}
