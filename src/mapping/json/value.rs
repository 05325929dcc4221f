//! Looking at the values of a document, and putting new ones together out of them.

use super::{Document, Node, NodeId, Piece};
use crate::mapping::java::uri::Part;

/// A value, looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum View<'v> {
    /// Nothing at all.
    Missing,
    /// Null.
    Null,
    /// True or false.
    Boolean(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// A larger integer; its digits.
    Big(&'v str),
    /// A real number; its text.
    Decimal(&'v str),
    /// A real number.
    Double(f64),
    /// Text.
    Text(&'v str),
    /// So many elements.
    Array(usize),
    /// So many members.
    Object(usize),
}

impl Document {
    /// Looks at a value of the document.
    #[must_use]
    pub fn view(&self, id: NodeId) -> View<'_> {
        match self.node(id) {
            Node::Missing => View::Missing,
            Node::Null => View::Null,
            Node::Boolean(value) => View::Boolean(value),
            Node::Integer(number) => View::Integer(number),
            Node::Big(piece) => View::Big(self.piece(piece)),
            Node::Decimal(piece) => View::Decimal(self.piece(piece)),
            Node::Double(number) => View::Double(number),
            Node::Text(piece) => View::Text(self.piece(piece)),
            Node::Array(children) => View::Array(children.range().len()),
            Node::Object(children) => View::Object(children.range().len() / 2),
        }
    }

    /// The text of a text node.
    #[must_use]
    pub fn text_of(&self, id: NodeId) -> Option<&str> {
        match self.node(id) {
            Node::Text(piece) => Some(self.piece(piece)),
            _ => None,
        }
    }

    /// An element of an array.
    #[must_use]
    pub fn element(&self, array: NodeId, index: usize) -> Option<NodeId> {
        match self.node(array) {
            Node::Array(children) => self.children(children).get(index).copied(),
            _ => None,
        }
    }

    /// Name and value of a member of an object.
    #[must_use]
    pub fn member(&self, object: NodeId, index: usize) -> Option<(NodeId, NodeId)> {
        match self.node(object) {
            Node::Object(children) => match self.children(children).get(2 * index..2 * index + 2) {
                Some([name, value]) => Some((*name, *value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Name and value of the member of this name.
    #[must_use]
    pub fn find(&self, object: NodeId, name: &str) -> Option<(NodeId, NodeId)> {
        let Node::Object(children) = self.node(object) else { return None };
        let mut members = self.children(children).chunks_exact(2);
        members.find(|pair| self.text_of(pair[0]) == Some(name)).map(|pair| (pair[0], pair[1]))
    }

    /// Where the text of a text node lies in [`Document::text`].
    #[must_use]
    pub fn text_place(&self, id: NodeId) -> Option<Part> {
        match self.node(id) {
            Node::Text(Piece { start, end }) => Some(Part { start, end }),
            _ => None,
        }
    }

    /// The text that all texts are pieces of.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds a null.
    pub fn add_null(&mut self) -> NodeId {
        self.add(Node::Null)
    }

    /// Adds an integer.
    pub fn add_integer(&mut self, number: i64) -> NodeId {
        self.add(Node::Integer(number))
    }

    /// Adds a real number.
    pub fn add_double(&mut self, number: f64) -> NodeId {
        self.add(Node::Double(number))
    }

    /// Adds a text.
    pub fn add_text(&mut self, text: &str) -> NodeId {
        let start = self.text.len();
        self.text.push_str(text);
        let piece = self.text_from(start);
        self.add(Node::Text(piece))
    }

    /// Adds an array of values that are there.
    pub fn add_array(&mut self, elements: &[NodeId]) -> NodeId {
        let start = self.open.len();
        self.open.extend_from_slice(elements);
        let piece = self.close(start);
        self.add(Node::Array(piece))
    }

    /// Adds an object: pairs of name (a text that is there) and value.
    pub fn add_object(&mut self, members: &[NodeId]) -> NodeId {
        let start = self.open.len();
        self.open.extend_from_slice(members);
        let piece = self.close(start);
        self.add(Node::Object(piece))
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether two values are equal: same kind, same content, members in any order.
    #[must_use]
    pub fn equal(&self, left: NodeId, right: NodeId) -> bool {
        left == right
            || match (self.view(left), self.view(right)) {
                (View::Array(count), View::Array(other)) => {
                    count == other
                        && (0..count).all(|index| match (self.element(left, index), self.element(right, index)) {
                            (Some(left), Some(right)) => self.equal(left, right),
                            _ => false,
                        })
                }
                (View::Object(count), View::Object(other)) => {
                    count == other
                        && (0..count).all(|index| {
                            let Some((name, value)) = self.member(left, index) else { return false };
                            let found = self.text_of(name).and_then(|name| self.find(right, name));
                            found.is_some_and(|(_, other)| self.equal(value, other))
                        })
                }
                (left, right) => left == right,
            }
    }

    /// The text form of a scalar: text as it is, numbers and booleans as Java writes them, null as `null`.
    pub fn scalar_text<T>(&self, id: NodeId, then: impl FnOnce(&str) -> T) -> Option<T> {
        let mut number = super::NumberText::default();
        Some(match self.view(id) {
            View::Null => then("null"),
            View::Boolean(value) => then(if value { "true" } else { "false" }),
            View::Integer(value) => then(number.integer(value)),
            View::Double(value) => then(number.double(value)),
            View::Big(text) | View::Decimal(text) | View::Text(text) => then(text),
            View::Missing | View::Array(_) | View::Object(_) => return None,
        })
    }

    /// The value as a number, if it is one.
    #[must_use]
    pub fn number(&self, id: NodeId) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "functions and comparisons work with doubles")]
        match self.view(id) {
            View::Integer(number) => Some(number as f64),
            View::Double(number) => Some(number),
            View::Big(text) | View::Decimal(text) => text.parse().ok(),
            _ => None,
        }
    }
}
