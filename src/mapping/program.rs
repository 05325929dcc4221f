//! A compiled script: flat operations over nodes, nothing left to look up per event.

use std::sync::Arc;

use super::{
    action::Literal,
    function::logical::Conversion,
    java::{
        jsonpath::Path,
        regex::{BadPattern, Regex},
    },
    producer::{Producer, ProducerId},
};
use crate::{
    record::{
        kind::{Logical, Type},
        schema::RecordSchema,
    },
    util::secret::Secret,
};

/// A compiled script.
#[derive(Debug, Default)]
pub struct Program {
    /// What is done, in order; jumps go forward only, so a run always ends.
    pub ops: Vec<Op>,
    /// The values; operands come before what is made of them.
    pub nodes: Vec<Node>,
    /// Number of memo places.
    pub memos: usize,
    /// Number of fields of the record.
    pub fields: usize,
    /// Number of different pieces of digests.
    pub pieces: usize,
    /// A piece counts in the first digest only, as in the original.
    pub digests_use_up: bool,
    /// Hosts of the operator's own sites.
    pub own_hosts: Vec<String>,
    /// The key of pseudonyms.
    pub pseudonym_key: Option<Secret>,
    /// The schema, for values of nested types.
    pub schema: Option<Arc<RecordSchema>>,
}

/// A value of the event.
#[derive(Debug)]
pub struct Node {
    /// How it is made; operands are indices of nodes.
    pub producer: Producer,
    /// Where it is remembered during one event, if it is used more than once.
    pub memo: Option<usize>,
    /// Where the script made it: `file:line:column`.
    pub position: String,
    /// What was prepared for it.
    pub compiled: Compiled,
    /// Its number among the pieces of digests, if it is one.
    pub piece: Option<usize>,
}

/// What a value needs beside its operands, worked out when the script is loaded.
#[derive(Debug, Default)]
pub enum Compiled {
    /// Nothing.
    #[default]
    Nothing,
    /// A JSON path.
    Path(Path),
    /// A pattern, or why it is none.
    Pattern(Result<Regex, BadPattern>),
    /// Number of a group, if the pattern has it.
    Group(Option<usize>),
    /// A digest's key, and the numbers of its pieces.
    Digest {
        /// None: no seed.
        key: Option<Vec<u8>>,
        /// One per piece.
        pieces: Vec<usize>,
    },
}

/// An operation.
#[derive(Debug)]
pub enum Op {
    /// Writes a value, if there is one.
    Set {
        /// Index of the field.
        field: usize,
        /// The value.
        value: ProducerId,
    },
    /// Encodes a value for a field of a nested type, and writes it.
    Encode {
        /// Index of the field.
        field: usize,
        /// The value.
        value: ProducerId,
        /// Type of the field.
        kind: Type,
        /// How the value becomes one of the field's logical type.
        conversion: Option<(Conversion, Logical)>,
        /// Where the script says so: `file:line:column`.
        position: String,
    },
    /// Writes a literal.
    SetLiteral {
        /// Index of the field.
        field: usize,
        /// The literal.
        value: Literal,
    },
    /// Goes on at `target` unless the condition is there and true.
    Unless {
        /// The condition.
        condition: ProducerId,
        /// Index of the operation to go on at.
        target: usize,
        /// Where the condition stands, should it be no boolean: `file:line:column`.
        position: String,
    },
    /// Goes on at `target`.
    Jump {
        /// Index of the operation to go on at.
        target: usize,
    },
}
