//! Checks the actions of a script against the schema: fields exist, types fit, nothing stays unset unnoticed.
//!
//! No value is ever widened or narrowed: an `int` goes to an `int`, not to a `long`.

use std::collections::HashMap;

use super::{
    action::{Action, Literal, Mapped},
    ast::Span,
    diagnostic::{
        FIELD_TYPE, LITERAL_TYPE, MAYBE_UNSET, NOT_BOOLEAN, NOT_MAPPABLE, ODD_UNION, OVERWRITTEN, Reports,
        UNKNOWN_FIELD,
    },
    function::logical::{Conversion, conversion},
    json::avro::odd_union,
    producer::{Kind, ProducerId, Producers},
};
use crate::{
    diagnostic::{Diagnostic, nearest},
    record::schema::{Field, RecordSchema, Type},
};

/// Reports everything that is wrong or doubtful.
pub fn check(actions: &[Action], producers: &Producers, schema: &RecordSchema, reports: &mut Reports) {
    let mut typing = Typing { producers, schema, reports };
    typing.actions(actions);
    typing.unset(actions);
}

/// What is wrong with writing one value to one field, if anything is.
#[must_use]
pub fn check_one(
    field: &str,
    value: &Mapped,
    span: Span,
    producers: &Producers,
    schema: &RecordSchema,
    reports: &Reports,
) -> Option<Diagnostic> {
    Fields { producers, schema, reports }.set(field, value, span)
}

struct Typing<'a> {
    producers: &'a Producers,
    schema: &'a RecordSchema,
    reports: &'a mut Reports,
}

/// Checks of single writes.
struct Fields<'a> {
    producers: &'a Producers,
    schema: &'a RecordSchema,
    reports: &'a Reports,
}

impl Typing<'_> {
    fn actions(&mut self, actions: &[Action]) {
        let replaced = self.replaced(actions);
        for (index, action) in actions.iter().enumerate() {
            match action {
                Action::Set { field, value, span } => {
                    let fields = Fields { producers: self.producers, schema: self.schema, reports: self.reports };
                    if let Some(report) = fields.set(field, value, *span) {
                        self.reports.add(report);
                    }
                    if let Some(later) = replaced[index] {
                        self.overwritten(field, *span, later);
                    }
                }
                Action::When { condition, body, span } => {
                    self.condition(*condition, *span);
                    self.actions(body);
                }
                Action::Section(body) => self.actions(body),
                Action::Stop(_) | Action::Exit(_) => {}
            }
        }
    }

    fn condition(&mut self, condition: ProducerId, span: Span) {
        let kind = self.producers.kind(condition);
        if kind == Kind::Boolean {
            return;
        }
        let identifier = self.producers.identifier(condition);
        let message = format!("the condition {identifier} is {}, not a boolean", kind.describe());
        let report = self.reports.warning(NOT_BOOLEAN, span, message);
        let hint = "an event that has this value becomes a dead letter; for presence write `.isPresent()`";
        self.reports.add(report.hint(hint));
    }

    /// For each action, if it is a write, the later one in the same block that always replaces it.
    fn replaced(&self, actions: &[Action]) -> Vec<Option<Span>> {
        let mut next: HashMap<&str, Span> = HashMap::new();
        let mut replaced = vec![None; actions.len()];
        for (index, action) in actions.iter().enumerate().rev() {
            let Action::Set { field, value, span } = action else {
                // What stands here may read, keep or end.
                next.clear();
                continue;
            };
            replaced[index] = next.get(field.as_str()).copied();
            if self.always(value) {
                next.insert(field, *span);
            }
        }
        replaced
    }

    fn overwritten(&mut self, field: &str, span: Span, later: Span) {
        let message = format!("this value of `{field}` is always replaced");
        let source = std::sync::Arc::clone(self.reports.source());
        let report = self.reports.warning(OVERWRITTEN, span, message);
        self.reports.add(report.at(&source, later.range(), "by this one"));
    }

    fn always(&self, value: &Mapped) -> bool {
        match value {
            Mapped::Literal(_) => true,
            Mapped::Producer(id) => self.producers.always(*id),
        }
    }

    /// Fields without default that are not written for every event.
    fn unset(&mut self, actions: &[Action]) {
        let mut writes = Writes::default();
        self.collect(actions, true, &mut writes);
        for field in self.schema.fields().iter().filter(|field| field.default.is_none()) {
            if writes.certain.contains(&field.name.as_str()) {
                continue;
            }
            let possible = writes.possible.iter().find(|(name, _)| *name == field.name);
            let span = possible.map_or(Span::default(), |(_, span)| *span);
            let message = match possible {
                Some(_) => format!("the field `{}` has no default and stays unset for some events", field.name),
                None => format!("the field `{}` has no default and is never written", field.name),
            };
            let report = self.reports.warning(MAYBE_UNSET, span, message);
            let hint =
                "an event for which it stays unset becomes a dead letter; give the field a default in the schema";
            self.reports.add_apart(report.hint(hint), &field.name);
        }
    }

    /// Notes which fields are written; `sure` tells whether these actions run for every event. Returns how they end.
    fn collect<'a>(&self, actions: &'a [Action], sure: bool, writes: &mut Writes<'a>) -> Leaves {
        let mut leaves = Leaves::default();
        for action in actions {
            let sure = sure && !leaves.exits && !leaves.stops;
            match action {
                Action::Set { field, value, span } => {
                    if sure && self.always(value) {
                        writes.certain.push(field);
                    } else {
                        writes.possible.push((field, *span));
                    }
                }
                Action::When { body, .. } => {
                    let inner = self.collect(body, false, writes);
                    leaves.exits |= inner.exits;
                    leaves.stops |= inner.stops;
                }
                Action::Section(body) => leaves.stops |= self.collect(body, sure, writes).stops,
                Action::Stop(_) => leaves.stops = true,
                Action::Exit(_) => leaves.exits = true,
            }
        }
        leaves
    }
}

impl Fields<'_> {
    fn set(&self, name: &str, value: &Mapped, span: Span) -> Option<Diagnostic> {
        let Some(field) = self.schema.fields().iter().find(|field| field.name == name) else {
            return Some(self.unknown_field(name, span));
        };
        match value {
            Mapped::Literal(literal) => self.literal(literal, field, span),
            Mapped::Producer(id) => self.producer(*id, field, span),
        }
    }

    fn unknown_field(&self, name: &str, span: Span) -> Diagnostic {
        let message = format!("the schema has no field `{name}`");
        let mut report = self.reports.error(UNKNOWN_FIELD, span, message);
        let names = self.schema.fields().iter().map(|field| field.name.as_str());
        if let Some(near) = nearest(name, names) {
            let hint = format!("did you mean `{near}`?");
            report = self.reports.instead(report, span, name, near, hint);
        }
        report
    }

    fn literal(&self, literal: &Literal, field: &Field, span: Span) -> Option<Diagnostic> {
        let fits = match (literal, field.kind.unwrapped()) {
            (_, None) => return Some(self.odd_union(field, span)),
            (Literal::Text(_), Some(Type::String))
            | (Literal::Boolean(_), Some(Type::Boolean))
            | (Literal::Int(_), Some(Type::Int))
            | (Literal::Long(_), Some(Type::Long))
            | (Literal::Float(_), Some(Type::Float))
            | (Literal::Double(_), Some(Type::Double)) => true,
            _ => false,
        };
        if fits {
            return None;
        }
        let (name, kind) = (&field.name, &field.kind);
        let message = format!("{literal} is {}, the field `{name}` has type {kind}", literal.describe());
        let report = self.reports.error(LITERAL_TYPE, span, message);
        Some(match rewritten(literal, field.kind.unwrapped()) {
            Some(other) => {
                let hint = format!("write `{other}`");
                self.reports.instead(report, span, &literal.to_string(), &other, hint)
            }
            None => report,
        })
    }

    fn producer(&self, id: ProducerId, field: &Field, span: Span) -> Option<Diagnostic> {
        let Some(unwrapped) = field.kind.unwrapped() else {
            return match self.producers.kind(id) {
                kind if kind.is_of_parts() => Some(self.not_mappable(id, kind, span)),
                Kind::Json | Kind::Parameters => self.odd_json(field, span),
                _ => Some(self.odd_union(field, span)),
            };
        };
        let converted = conversion(self.producers, id, unwrapped, field.logical);
        if converted.is_some_and(|it| it != Conversion::Json) {
            return None;
        }
        let text_items = |items: &Type| items.unwrapped() == Some(&Type::String);
        let (fits, wanted) = match self.producers.kind(id) {
            Kind::Text => (*unwrapped == Type::String, "a string"),
            Kind::Boolean => (*unwrapped == Type::Boolean, "a boolean"),
            Kind::Int => (*unwrapped == Type::Int, "an int"),
            Kind::Long => (*unwrapped == Type::Long, "a long"),
            Kind::Float => (*unwrapped == Type::Float, "a float"),
            Kind::Double => (*unwrapped == Type::Double, "a double"),
            Kind::Bytes => (*unwrapped == Type::Bytes, "bytes"),
            Kind::TextList => (matches!(unwrapped, Type::Array(items) if text_items(items)), "an array of strings"),
            Kind::IntList => {
                (matches!(unwrapped, Type::Array(items) if items.unwrapped() == Some(&Type::Int)), "an array of ints")
            }
            Kind::Query => {
                let fits = matches!(unwrapped, Type::Map(values)
                    if matches!(&**values, Type::Array(items) if **items == Type::String));
                (fits, "a map of arrays of strings")
            }
            Kind::Json | Kind::Parameters => return self.odd_json(field, span),
            kind @ (Kind::Uri
            | Kind::UserAgent
            | Kind::Place
            | Kind::Matcher
            | Kind::Campaign
            | Kind::Click
            | Kind::Traffic
            | Kind::Row) => {
                return Some(self.not_mappable(id, kind, span));
            }
        };
        if fits {
            return None;
        }
        let identifier = self.producers.identifier(id);
        let (found, name, kind) = (self.producers.kind(id).describe(), &field.name, &field.kind);
        let message = format!("cannot map {identifier} onto `{name}`: it is {found}, the field has type {kind}");
        let report = self.reports.error(FIELD_TYPE, span, message);
        Some(
            report
                .hint(format!("it goes to a field of {wanted} only: nothing is widened, narrowed or turned into text")),
        )
    }

    fn odd_json(&self, field: &Field, span: Span) -> Option<Diagnostic> {
        let odd = odd_union(&field.kind, self.schema.types())?;
        let message = format!("a JSON value cannot be mapped onto `{}`: it holds the union {odd}", field.name);
        let hint = "JSON goes to unions of one type, or of two of which one is null, at any depth";
        Some(self.reports.error(ODD_UNION, span, message).hint(hint))
    }

    fn not_mappable(&self, id: ProducerId, kind: Kind, span: Span) -> Diagnostic {
        let message = format!("cannot map {}: it is {}", self.producers.identifier(id), kind.describe());
        let example = match kind {
            Kind::Uri => ".path()",
            Kind::Matcher => ".group(1)",
            Kind::Place => ".countryCode()",
            Kind::Campaign => ".source()",
            Kind::Click => ".id()",
            Kind::Traffic => ".channel()",
            Kind::Row => ".column('name')",
            _ => ".name()",
        };
        self.reports.error(NOT_MAPPABLE, span, message).hint(format!("map one of its properties, such as `{example}`"))
    }

    fn odd_union(&self, field: &Field, span: Span) -> Diagnostic {
        let message = format!("the field `{}` has type {}, which cannot be mapped to", field.name, field.kind);
        let hint = "of unions, only those of two types can be mapped to; the first that is not null is filled";
        self.reports.error(ODD_UNION, span, message).hint(hint)
    }
}

/// Which fields a script writes.
#[derive(Default)]
struct Writes<'a> {
    certain: Vec<&'a str>,
    possible: Vec<(&'a str, Span)>,
}

/// How a list of actions may end early.
#[derive(Clone, Copy, Default)]
struct Leaves {
    exits: bool,
    stops: bool,
}

/// The literal in the form that the field wants, if there is one.
fn rewritten(literal: &Literal, wanted: Option<&Type>) -> Option<String> {
    Some(match (literal, wanted?) {
        (Literal::Int(value), Type::Long) => format!("{value}L"),
        (Literal::Int(value), Type::Float) => format!("{value}f"),
        (Literal::Int(value), Type::Double) => format!("{value}d"),
        (Literal::Int(value), Type::String) => format!("'{value}'"),
        (Literal::Float(bits), Type::Double) => format!("{}d", f32::from_bits(*bits)),
        (Literal::Double(bits), Type::Float) => format!("{}f", f64::from_bits(*bits)),
        (Literal::Long(value), Type::Int) => i32::try_from(*value).ok()?.to_string(),
        _ => return None,
    })
}
