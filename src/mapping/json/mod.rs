//! Custom parameters as a document: a tree in three flat buffers that are used again for every event.
//!
//! Reading never recurses and is bounded in depth, so that no sender can exhaust the stack of who walks the tree.

pub mod avro;
mod number;
mod read;
mod value;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use number::NumberText;
pub use read::Unreadable;
pub use value::View;

use crate::event::Parameters;

/// Objects and arrays within each other, at most. Deeper parameters count as absent.
pub const DEPTH_MAX: usize = crate::event::mincode::DEPTH_MAX;

/// A value in a [`Document`], by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(u32);

/// A range in one of the buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    start: u32,
    end: u32,
}

impl Piece {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    /// Nothing at all: what empty mincode says. Present, but neither null nor text.
    Missing,
    Null,
    Boolean(bool),
    Integer(i64),
    /// An integer beyond 64 bits: its digits.
    Big(Piece),
    /// A real number that was sent as text of that precision; the text.
    Decimal(Piece),
    /// A real number.
    Double(f64),
    Text(Piece),
    /// Elements: numbers of nodes in `children`.
    Array(Piece),
    /// Members: pairs of name (a text node) and value in `children`.
    Object(Piece),
}

/// A tree of JSON values. Strings lie in one text, children in one list.
#[derive(Debug, Default)]
pub struct Document {
    nodes: Vec<Node>,
    children: Vec<NodeId>,
    text: String,
    /// Children of what is still open while reading.
    open: Vec<NodeId>,
    root: Option<NodeId>,
}

impl Document {
    /// Reads the parameters of an event in place of what was here. What cannot be read is absent.
    pub fn read(&mut self, parameters: Parameters<'_>) {
        self.clear();
        let read = match parameters {
            Parameters::Absent => return,
            Parameters::Mincode(text) => self.read_mincode(text),
            Parameters::Json(text) => self.read_json(text),
        };
        match read {
            Ok(root) => self.root = Some(root),
            Err(Unreadable) => self.clear(),
        }
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.children.clear();
        self.text.clear();
        self.open.clear();
        self.root = None;
    }

    /// The whole tree, if there is one.
    #[must_use]
    pub fn root(&self) -> Option<NodeId> {
        self.root
    }

    fn node(&self, id: NodeId) -> Node {
        self.nodes[id.0 as usize]
    }

    fn piece(&self, piece: Piece) -> &str {
        &self.text[piece.range()]
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(narrow(self.nodes.len() - 1))
    }

    /// Everything appended to the text since `start`.
    fn text_from(&self, start: usize) -> Piece {
        Piece { start: narrow(start), end: narrow(self.text.len()) }
    }

    /// Closes a container: its children are those opened since `start`.
    fn close(&mut self, start: usize) -> Piece {
        let first = self.children.len();
        self.children.extend(self.open.drain(start..));
        Piece { start: narrow(first), end: narrow(self.children.len()) }
    }

    fn children(&self, piece: Piece) -> &[NodeId] {
        &self.children[piece.range()]
    }
}

/// An event is at most 4 MiB, so every place in its document fits.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
