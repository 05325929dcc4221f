//! From values to the slots of the record.

use super::{Datum, Evaluation, Failure, narrow, range};
use crate::{
    mapping::{
        function::{
            logical::{self, Conversion},
            uri,
        },
        java::uri::Part,
        json::avro,
    },
    record::{
        binary::{write_bytes, write_length, write_long},
        chunk::DeadReason,
        kind::{Logical, Type},
        plan::Slot,
    },
};

impl<'e> Evaluation<'e, '_> {
    /// Encodes a value that no slot holds by itself as a field of type `kind`; None if the field stays as it is.
    pub(super) fn encode(
        &mut self,
        value: Datum<'e>,
        field: usize,
        (kind, conversion): (&'e Type, Option<(Conversion, Logical)>),
        position: &str,
    ) -> Result<Option<Part>, Box<Failure>> {
        let mut out = std::mem::take(&mut self.bytes);
        let start = out.len();
        let converted = conversion.and_then(|(how, logical)| self.convert(value, kind, (how, logical), &mut out));
        let written = converted.unwrap_or_else(|| self.write(value, kind, &mut out));
        self.bytes = out;
        match written {
            Ok(()) => Ok(Some(Part { start: narrow(start), end: narrow(self.bytes.len()) })),
            Err(avro::Unwritten::Left) => Ok(None),
            Err(avro::Unwritten::Dead(why)) => {
                let name = self.program.schema.as_ref().and_then(|schema| schema.fields().get(field));
                let message = format!("field '{}': {why}", name.map_or("", |field| field.name.as_str()));
                let position = position.to_owned();
                Err(Box::new(Failure { reason: DeadReason::RecordIncomplete, message, position }))
            }
        }
    }

    /// Appends a value as one of a logical type; None if it goes as it always goes.
    fn convert(
        &self,
        value: Datum<'e>,
        kind: &Type,
        (how, logical): (Conversion, Logical),
        out: &mut Vec<u8>,
    ) -> Option<Result<(), avro::Unwritten>> {
        let document = &self.shared.document;
        let number = |text: &str, out: &mut Vec<u8>, kind| logical::write_text(text, logical, kind, out);
        if let (Conversion::Json, Datum::Json(node)) = (how, value) {
            // A text stays what it is to a field of bytes.
            document.number(node).filter(|_| document.text_of(node).is_none())?;
        }
        let Some((branch, kind)) = kind.unwrapped_branch() else { return Some(Err(avro::Unwritten::Left)) };
        write_branch(branch, out);
        let written = match value {
            Datum::Long(millis) if how == Conversion::Instant => logical::write_instant(millis, logical, out),
            Datum::Text(text) => logical::write_text(self.read(text), logical, kind, out),
            Datum::Int(value) => number(&value.to_string(), out, kind),
            Datum::Long(value) => number(&value.to_string(), out, kind),
            Datum::Float(value) => number(&value.to_string(), out, kind),
            Datum::Double(value) => number(&value.to_string(), out, kind),
            Datum::Json(node) => {
                document.scalar_text(node, |text| logical::write_text(text, logical, kind, out)).unwrap_or(false)
            }
            _ => false,
        };
        Some(if written { Ok(()) } else { Err(avro::Unwritten::Left) })
    }

    fn write(&self, value: Datum<'e>, kind: &Type, out: &mut Vec<u8>) -> Result<(), avro::Unwritten> {
        if let (Datum::Json(node), Some(schema)) = (value, &self.program.schema) {
            return avro::write(&self.shared.document, node, kind, schema.types(), out);
        }
        let Some((branch, kind)) = kind.unwrapped_branch() else { return Err(avro::Unwritten::Left) };
        write_branch(branch, out);
        match (value, kind) {
            (Datum::Query(query), _) => uri::write_query(self.read(query), out),
            (Datum::List(list), Type::Array(items)) => {
                let branch = items.unwrapped_branch().and_then(|(branch, _)| branch);
                if !list.is_empty() {
                    write_length(out, list.len());
                }
                for item in list.items() {
                    write_branch(branch, out);
                    write_bytes(out, self.read(self.list_item(item)).as_bytes());
                }
                out.push(0);
            }
            (Datum::Ints(list), Type::Array(items)) => {
                let branch = items.unwrapped_branch().and_then(|(branch, _)| branch);
                let numbers = &self.ints[range(list)];
                if !numbers.is_empty() {
                    write_length(out, numbers.len());
                }
                for number in numbers {
                    write_branch(branch, out);
                    write_long(out, i64::from(*number));
                }
                out.push(0);
            }
            // Typing lets nothing else come here.
            _ => return Err(avro::Unwritten::Left),
        }
        Ok(())
    }

    pub(super) fn slot(&self, value: Datum<'e>) -> Slot<'_> {
        match value {
            Datum::Boolean(value) => Slot::Boolean(value),
            Datum::Int(value) => Slot::Int(value),
            Datum::Long(value) => Slot::Long(value),
            Datum::Float(value) => Slot::Float(value),
            Datum::Double(value) => Slot::Double(value),
            Datum::Text(text) => Slot::Text(self.read(text).into()),
            Datum::Bytes(part, of) => Slot::Bytes(self.bytes_of(part, of).into()),
            Datum::Encoded(part) => Slot::Encoded(self.bytes[range(part)].into()),
            // Typing lets none of these be mapped as they are.
            Datum::Absent
            | Datum::Query(_)
            | Datum::Uri(_)
            | Datum::Agent(_)
            | Datum::Place(_)
            | Datum::Traffic(_)
            | Datum::Row(..)
            | Datum::List(_)
            | Datum::Ints(_)
            | Datum::Json(_)
            | Datum::Match(_) => Slot::Unset,
        }
    }
}

fn write_branch(branch: Option<usize>, out: &mut Vec<u8>) {
    if let Some(branch) = branch {
        // A union of two.
        write_long(out, i64::from(branch != 0));
    }
}
