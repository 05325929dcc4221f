//! A compiled script: flat operations over nodes, nothing left to look up per event.

use super::{
    action::Literal,
    producer::{Producer, ProducerId},
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
