//! What two versions of a mapping make of the same events, counted.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{checkpoint::Offset, command::fate::Fate};

/// Examples that are kept of each difference.
const EXAMPLES_MAX: usize = 3;

/// What differs in one mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Name of the mapping.
    pub mapping: String,
    /// Events that were compared.
    pub events: u64,
    /// Events that come out differently.
    pub different: u64,
    /// Of records that both make: what differs per field, those of inner records as `outer.inner`.
    pub fields: Vec<FieldChange>,
    /// What else became of events than before.
    pub outcomes: Vec<OutcomeChange>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// In so many events.
    pub events: u64,
    /// Some of them.
    pub examples: Vec<FieldExample>,
}

/// A field of one event; a side is left out if its schema has no such field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldExample {
    /// The event.
    pub offset: u64,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What it becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// Events of which something else becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeChange {
    /// What became of them.
    pub old: String,
    /// What becomes of them.
    pub new: String,
    /// So many.
    pub events: u64,
    /// Some of them.
    pub examples: Vec<OutcomeExample>,
}

/// What becomes of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeExample {
    /// The event.
    pub offset: u64,
    /// Why, if it is or was a dead letter.
    pub message: String,
}

/// What became of an event, without what is its own.
fn outcome(fate: &Fate) -> String {
    match fate {
        Fate::Record(_) => "record".to_owned(),
        Fate::OtherSource => "other source".to_owned(),
        Fate::Corrupt => "left out as corrupt".to_owned(),
        Fate::Duplicate => "left out as duplicate".to_owned(),
        Fate::Dead(refusal) => format!("dead letter {}", refusal.reason.code()),
    }
}

fn message(old: &Fate, new: &Fate) -> String {
    match (new, old) {
        (Fate::Dead(refusal), _) | (_, Fate::Dead(refusal)) => match &refusal.position {
            Some(position) => format!("{position}: {}", refusal.message),
            None => refusal.message.clone(),
        },
        _ => String::new(),
    }
}

/// Changes as they are found.
#[derive(Debug, Default)]
pub struct Counter {
    events: u64,
    different: u64,
    fields: BTreeMap<String, FieldChange>,
    outcomes: BTreeMap<(String, String), OutcomeChange>,
}

impl Counter {
    /// An event that comes out the same.
    pub fn same(&mut self) {
        self.events += 1;
    }

    /// An event, as it comes out of both.
    pub fn compare(&mut self, offset: Offset, old: &Fate, new: &Fate) {
        self.events += 1;
        let different = match (old, new) {
            (Fate::Record(old), Fate::Record(new)) => self.records(offset, old, new),
            _ => self.outcome(offset, old, new),
        };
        self.different += u64::from(different);
    }

    fn outcome(&mut self, offset: Offset, old: &Fate, new: &Fate) -> bool {
        let (before, after) = (outcome(old), outcome(new));
        let message = message(old, new);
        let is_same = before == after && self::message(old, old) == self::message(new, new);
        if is_same {
            return false;
        }
        let change = self.outcomes.entry((before.clone(), after.clone())).or_insert_with(|| OutcomeChange {
            old: before,
            new: after,
            events: 0,
            examples: Vec::new(),
        });
        change.events += 1;
        if change.examples.len() < EXAMPLES_MAX {
            change.examples.push(OutcomeExample { offset: offset.0, message });
        }
        true
    }

    fn records(&mut self, offset: Offset, old: &str, new: &str) -> bool {
        let parse = |json: &str| serde_json::from_str::<Map<String, Value>>(json).unwrap_or_default();
        let mut found = Vec::new();
        objects("", &parse(old), &parse(new), &mut found);
        for (field, old, new) in &found {
            let change = self.fields.entry(field.clone()).or_insert_with(|| FieldChange {
                field: field.clone(),
                events: 0,
                examples: Vec::new(),
            });
            change.events += 1;
            if change.examples.len() < EXAMPLES_MAX {
                change.examples.push(FieldExample { offset: offset.0, old: old.clone(), new: new.clone() });
            }
        }
        !found.is_empty()
    }

    /// All of it, the fields that differ most often first.
    #[must_use]
    pub fn finish(self, mapping: &str) -> Counted {
        let mut fields: Vec<_> = self.fields.into_values().collect();
        fields.sort_by_key(|field| std::cmp::Reverse(field.events));
        let mut outcomes: Vec<_> = self.outcomes.into_values().collect();
        outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.events));
        let mapping = mapping.to_owned();
        Counted { mapping, events: self.events, different: self.different, fields, outcomes }
    }
}

/// A field with its values on both sides.
type Change = (String, Option<Value>, Option<Value>);

/// What differs between two objects; inner ones are gone through as well.
fn objects(prefix: &str, old: &Map<String, Value>, new: &Map<String, Value>, found: &mut Vec<Change>) {
    let gone = old.iter().filter(|(name, _)| !new.contains_key(*name)).map(|(name, value)| (name, Some(value), None));
    let others = new.iter().map(|(name, value)| (name, old.get(name), Some(value)));
    for (name, old, new) in gone.chain(others) {
        let path = format!("{prefix}{name}");
        match (old, new) {
            (Some(Value::Object(old)), Some(Value::Object(new))) => objects(&format!("{path}."), old, new, found),
            (old, new) if old != new => found.push((path, old.cloned(), new.cloned())),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::chunk::{DeadReason, Refusal};

    fn dead(message: &str) -> Fate {
        let reason = DeadReason::RecordIncomplete;
        Fate::Dead(Refusal { offset: Offset(1), mapping: 0, reason, message: message.to_owned(), position: None })
    }

    #[test]
    fn fields_and_outcomes_are_counted() {
        let record = |value: Value| Fate::Record(value.to_string());
        let mut changes = Counter::default();
        changes.same();
        for (offset, old, new) in [
            (1, record(json!({"a": 1, "b": {"c": 1, "d": 2}})), record(json!({"a": 1, "b": {"c": 2, "d": 2}}))),
            (2, record(json!({"a": 1, "b": null})), record(json!({"a": 2, "b": {"c": 2}}))),
            (3, record(json!({"a": 1})), record(json!({"a": 2, "e": null}))),
            (4, record(json!({"a": 1})), record(json!({"a": 1}))),
            (5, record(json!({"a": 1})), dead("no a")),
            (6, dead("no a"), dead("no a")),
            (7, dead("no a"), Fate::Duplicate),
        ] {
            changes.compare(Offset(offset), &old, &new);
        }
        let counted = changes.finish("m");
        assert_eq!((counted.events, counted.different), (8, 5));
        let fields: Vec<_> = counted.fields.iter().map(|field| (field.field.as_str(), field.events)).collect();
        assert_eq!(fields, [("a", 2), ("b", 1), ("b.c", 1), ("e", 1)]);
        assert_eq!(counted.fields[0].examples[1], FieldExample { offset: 3, old: Some(json!(1)), new: Some(json!(2)) });
        assert_eq!(counted.fields[3].examples[0], FieldExample { offset: 3, old: None, new: Some(Value::Null) });
        let outcomes: Vec<_> =
            counted.outcomes.iter().map(|it| (it.old.as_str(), it.new.as_str(), it.events)).collect();
        let dead = "dead letter record_incomplete";
        assert_eq!(outcomes, [(dead, "left out as duplicate", 1), ("record", dead, 1)]);
        assert_eq!(counted.outcomes[1].examples[0].message, "no a");
    }
}
