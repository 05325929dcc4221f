//! Values that the original does not have.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{Datum, Evaluation, Failure, TextRef, narrow};
use crate::{
    enrich::{geo::address, referrer::Channel},
    mapping::{
        function::{
            campaign::{CLICKS, ClickField, click, raw_query},
            digest::{Algorithm, Piece, compute},
            extension::{Extension, event_uuid},
            traffic::{Name, TERMS, Traffic, TrafficField, traffic},
            uri::query_value,
        },
        java::{
            form::pairs,
            number::{push_double, push_float},
            uri::Part,
        },
        producer::ProducerId,
    },
};

/// Most bytes of texts in a run that joins some. Each may be joined with itself, so they would double without end.
const JOINED_MAX: usize = 16 << 20;

impl<'e> Evaluation<'e, '_> {
    pub(super) fn extension(&mut self, id: ProducerId, extension: &'e Extension) -> Result<Datum<'e>, Box<Failure>> {
        Ok(match extension {
            Extension::Join(pieces) => {
                let text = self.joined(id, pieces, |own, text| Datum::Text(own.computed(text)))?;
                text.unwrap_or(Datum::Absent)
            }
            Extension::Pseudonym(pieces) => {
                let bytes = self.joined(id, pieces, |own, text| own.pseudonym(id, text))?;
                bytes.unwrap_or(Datum::Absent)
            }
            Extension::Traffic => {
                let (event, own_hosts) = (self.event, &self.program.own_hosts);
                Datum::Traffic(traffic(event.location, event.referer, own_hosts, &mut self.key))
            }
            Extension::TrafficPart(of, field) => match self.value(*of)? {
                Datum::Traffic(traffic) => self.traffic_part(traffic, *field),
                _ => Datum::Absent,
            },
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
            Extension::Row { table, of, .. } => {
                let key = self.value(*of)?;
                self.row(*table, key)
            }
            Extension::Column(of, column) => match self.value(*of)? {
                Datum::Row(table, row) => {
                    Datum::text(self.outside.tables.and_then(|tables| tables.get(table)?.value(row, column)))
                }
                _ => Datum::Absent,
            },
            Extension::Anonymised(of) => self.text_of(id, *of)?.map_or(Datum::Absent, |text| self.anonymised(text)),
        })
    }

    /// The row of a table that a string, or a scalar of JSON, is the key of.
    fn row(&self, number: usize, key: Datum<'e>) -> Datum<'e> {
        let Some(table) = self.outside.tables.and_then(|tables| tables.get(number)) else { return Datum::Absent };
        let row = match key {
            Datum::Text(text) => table.find(self.read(text)),
            Datum::Json(node) => self.shared.document.scalar_text(node, |text| table.find(text)).flatten(),
            _ => None,
        };
        row.map_or(Datum::Absent, |row| Datum::Row(number, row))
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

    fn traffic_part(&mut self, traffic: Traffic, field: TrafficField) -> Datum<'e> {
        match field {
            TrafficField::Channel => Datum::text(Some(traffic.channel.name())),
            TrafficField::Name => Datum::text(traffic.name.map(Name::text)),
            TrafficField::Term if traffic.channel == Channel::Search => {
                let referer = self.event.referer.unwrap_or_default();
                let Some(query) = raw_query(referer) else { return Datum::Absent };
                let query = query.of(referer);
                let term =
                    TERMS.iter().find(|term| pairs(query).any(|(name, value)| name == **term && !value.is_empty()));
                term.map_or(Datum::Absent, |term| query_value(self, TextRef::Borrowed(query), term))
            }
            TrafficField::Term => Datum::Absent,
        }
    }

    fn pseudonym(&mut self, id: ProducerId, text: &str) -> Datum<'e> {
        // Without a key the script does not load.
        let Some(key) = &self.program.pseudonym_key else { return Datum::Absent };
        let start = self.bytes.len();
        compute(Algorithm::Sha256, Some(key.bytes()), text.as_bytes(), &mut self.bytes);
        Datum::Bytes(Part { start: narrow(start), end: narrow(self.bytes.len()) }, id)
    }

    /// What `make` makes of all pieces together; None if any of them is absent.
    fn joined(
        &mut self,
        id: ProducerId,
        pieces: &'e [Piece],
        make: impl FnOnce(&mut Self, &str) -> Datum<'e>,
    ) -> Result<Option<Datum<'e>>, Box<Failure>> {
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
                return Ok(None);
            }
            if joined.len() + self.text.len() > JOINED_MAX {
                joined.truncate(start);
                self.joined = joined;
                let position = &self.program.nodes[id.index()].position;
                return Failure::evaluation("the joined text is too long", position);
            }
        }
        let value = make(self, &joined[start..]);
        joined.truncate(start);
        self.joined = joined;
        Ok(Some(value))
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
