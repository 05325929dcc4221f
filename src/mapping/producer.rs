//! What a script can ask of an event: lazy values, made when the script is loaded, evaluated per event.
//!
//! Producers form an acyclic graph in an arena; equal ones are one. Its depth is bounded, so evaluation may recurse.

use std::collections::HashMap;

use super::{
    action::Literal,
    ast::Span,
    function::{
        digest::{Digest, Piece, TextForm},
        extension::Extension,
        geo,
        header::HeaderPick,
        regex::GroupRef,
        request::Request,
        uri::UriPart,
        user_agent::AgentField,
    },
};
use crate::enrich::geo::GeoField;

/// Deepest nesting of producers.
pub const DEPTH_MAX: u16 = 100;

/// Most producers of one script.
pub const COUNT_MAX: usize = 20_000;

/// A producer in its arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProducerId(u32);

impl ProducerId {
    /// Index in the arena or, in a program, among its nodes.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The producer at an index.
    #[must_use]
    pub fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// Static type of a producer's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For `string`.
    Text,
    /// For `boolean`.
    Boolean,
    /// For `int`.
    Int,
    /// For `long`.
    Long,
    /// For `float`.
    Float,
    /// For `double`.
    Double,
    /// For `bytes`.
    Bytes,
    /// For an array of `string`.
    TextList,
    /// For an array of `int`.
    IntList,
    /// A JSON value: for any type with simple unions.
    Json,
    /// All custom parameters: a JSON value that has members.
    Parameters,
    /// A regular expression held against a text; only its groups and its verdict can be mapped.
    Matcher,
    /// A parsed URI; only its parts can be mapped.
    Uri,
    /// A parsed query: names with their values.
    Query,
    /// A recognised user agent; only its parts can be mapped.
    UserAgent,
    /// The place of an address; only its parts can be mapped.
    Place,
    /// The campaign of an address; only its parts can be mapped.
    Campaign,
    /// A click on an advertisement; only its parts can be mapped.
    Click,
    /// What led the visitor to the page; only its parts can be mapped.
    Traffic,
    /// A row of a table; only its values can be mapped.
    Row,
}

impl Kind {
    /// Whether only parts of its values can be mapped.
    #[must_use]
    pub fn is_of_parts(self) -> bool {
        matches!(
            self,
            Self::Uri
                | Self::UserAgent
                | Self::Place
                | Self::Matcher
                | Self::Campaign
                | Self::Click
                | Self::Traffic
                | Self::Row
        )
    }

    /// As messages say it.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Boolean => "a boolean",
            Self::Int => "an int",
            Self::Long => "a long",
            Self::Float => "a float",
            Self::Double => "a double",
            Self::Bytes => "bytes",
            Self::TextList => "a list of strings",
            Self::IntList => "a list of ints",
            Self::Json | Self::Parameters => "a JSON value",
            Self::Matcher => "a regular expression match",
            Self::Uri => "a URI",
            Self::Query => "a query",
            Self::UserAgent => "a user agent",
            Self::Place => "a place",
            Self::Campaign => "a campaign",
            Self::Click => "a click",
            Self::Traffic => "what led to the page",
            Self::Row => "a row of a table",
        }
    }
}

/// What `parse … to` makes of a text, beside URIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParseTo {
    /// `int32`, `int`
    Int,
    /// `int64`, `long`
    Long,
    /// `bool`, `boolean`
    Boolean,
    /// `fp32`, `float`
    Float,
    /// `fp64`, `double`
    Double,
}

impl ParseTo {
    /// Its word behind `to`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Int => "int32",
            Self::Long => "int64",
            Self::Boolean => "bool",
            Self::Float => "fp32",
            Self::Double => "fp64",
        }
    }
}

/// A lazy value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Producer {
    /// A plain value of the event.
    Request(Request),
    /// First cookie of this name.
    Cookie(String),
    /// The recognised user agent.
    UserAgent,
    /// A property of a user agent.
    Agent(ProducerId, AgentField),
    /// The place of an address: of this text, or of the client.
    Place(Option<ProducerId>),
    /// A property of a place.
    PlacePart(ProducerId, GeoField),
    /// A text read as URI.
    Uri(ProducerId),
    /// A part of a URI.
    UriPart(ProducerId, UriPart),
    /// The query of a URI, read as form.
    Query(ProducerId),
    /// First value of a name in a query.
    QueryValue(ProducerId, String),
    /// All values of a name in a query.
    QueryList(ProducerId, String),
    /// All values of a header, split at commas.
    Header(String),
    /// One value of a header, or all as one text.
    HeaderValue(ProducerId, HeaderPick),
    /// The custom parameters.
    Parameters,
    /// A member of the custom parameters as text.
    ParameterValue(String),
    /// Where a JSON path leads in the custom parameters.
    ParameterPath(String),
    /// A pattern held against a text.
    Matcher(ProducerId, String),
    /// Whether the whole text matches.
    Matches(ProducerId),
    /// A group of the match.
    Group(ProducerId, GroupRef),
    /// A digest of some pieces.
    Digest(Box<Digest>),
    /// Bytes as text.
    BytesText(ProducerId, TextForm),
    /// A text read as number or boolean.
    Parse(ProducerId, ParseTo),
    /// Whether there is a value.
    Present(ProducerId),
    /// Whether there is none.
    Absent(ProducerId),
    /// Whether two values are equal, or both absent.
    Equal(ProducerId, ProducerId),
    /// Whether there is a value and it equals a literal; None is a literal that never equals anything.
    EqualLiteral(ProducerId, Option<Literal>),
    /// Both true; absent if either is.
    And(ProducerId, ProducerId),
    /// One of both true; absent if either is.
    Or(ProducerId, ProducerId),
    /// The opposite; absent stays absent.
    Not(ProducerId),
    /// What the original does not have.
    Extension(Box<Extension>),
}

impl Producer {
    /// Calls `each` for every producer that it is made of, in order; what `each` changes, changes it.
    pub fn for_each_operand(&mut self, mut each: impl FnMut(&mut ProducerId)) {
        match self {
            Self::Request(_)
            | Self::Cookie(_)
            | Self::UserAgent
            | Self::Place(None)
            | Self::Header(_)
            | Self::Parameters
            | Self::ParameterValue(_)
            | Self::ParameterPath(_) => {}
            Self::Agent(of, _)
            | Self::Place(Some(of))
            | Self::PlacePart(of, _)
            | Self::Uri(of)
            | Self::UriPart(of, _)
            | Self::Query(of)
            | Self::QueryValue(of, _)
            | Self::QueryList(of, _)
            | Self::HeaderValue(of, _)
            | Self::Matcher(of, _)
            | Self::Matches(of)
            | Self::Group(of, _)
            | Self::BytesText(of, _)
            | Self::Parse(of, _)
            | Self::Present(of)
            | Self::Absent(of)
            | Self::EqualLiteral(of, _)
            | Self::Not(of) => each(of),
            Self::Equal(left, right) | Self::And(left, right) | Self::Or(left, right) => {
                each(left);
                each(right);
            }
            Self::Extension(extension) => extension.for_each_operand(each),
            Self::Digest(digest) => {
                for piece in &mut digest.pieces {
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
            Self::Agent(_, field) => field.kind(),
            Self::PlacePart(_, field) => geo::kind(*field),
            Self::Request(request) => request.kind(),
            Self::Cookie(_)
            | Self::QueryValue(..)
            | Self::HeaderValue(..)
            | Self::ParameterValue(_)
            | Self::Group(..)
            | Self::BytesText(..) => Kind::Text,
            Self::Header(_) | Self::QueryList(..) => Kind::TextList,
            Self::Parameters => Kind::Parameters,
            Self::ParameterPath(_) => Kind::Json,
            Self::Matcher(..) => Kind::Matcher,
            Self::Digest(_) => Kind::Bytes,
            Self::UserAgent => Kind::UserAgent,
            Self::Place(_) => Kind::Place,
            Self::Uri(_) => Kind::Uri,
            Self::UriPart(_, part) => part.kind(),
            Self::Query(_) => Kind::Query,
            Self::Extension(extension) => extension.kind(),
            Self::Parse(_, ParseTo::Int) => Kind::Int,
            Self::Parse(_, ParseTo::Long) => Kind::Long,
            Self::Parse(_, ParseTo::Float) => Kind::Float,
            Self::Parse(_, ParseTo::Double) => Kind::Double,
            Self::Parse(_, ParseTo::Boolean)
            | Self::Matches(_)
            | Self::Present(_)
            | Self::Absent(_)
            | Self::Equal(..)
            | Self::EqualLiteral(..)
            | Self::And(..)
            | Self::Or(..)
            | Self::Not(_) => Kind::Boolean,
        }
    }
}

/// All producers of a script.
#[derive(Debug, Default)]
pub struct Producers {
    nodes: Vec<Node>,
    known: HashMap<Producer, ProducerId>,
}

#[derive(Debug)]
struct Node {
    producer: Producer,
    depth: u16,
    always: bool,
    span: Span,
}

/// There are too many producers, or they are nested too deep.
#[derive(Debug)]
pub struct TooMany;

impl Producers {
    /// Adds a producer that the script made at `span`, or finds an equal one.
    ///
    /// # Errors
    /// A limit is met.
    pub fn add(&mut self, producer: Producer, span: Span) -> Result<ProducerId, TooMany> {
        if let Some(id) = self.known.get(&producer) {
            return Ok(*id);
        }
        let mut depth = 0;
        producer.clone().for_each_operand(|id| depth = depth.max(self.nodes[id.index()].depth + 1));
        if depth > DEPTH_MAX || self.nodes.len() == COUNT_MAX {
            return Err(TooMany);
        }
        let id = ProducerId::at(self.nodes.len());
        self.known.insert(producer.clone(), id);
        let always = self.has_always(&producer);
        self.nodes.push(Node { producer, depth, always, span });
        Ok(id)
    }

    /// All producers, in the order in which the script made them.
    pub fn ids(&self) -> impl Iterator<Item = ProducerId> + use<> {
        (0..self.nodes.len()).map(ProducerId::at)
    }

    /// The producer.
    #[must_use]
    pub fn get(&self, id: ProducerId) -> &Producer {
        &self.nodes[id.index()].producer
    }

    /// Where the script first made it.
    #[must_use]
    pub fn span(&self, id: ProducerId) -> Span {
        self.nodes[id.index()].span
    }

    /// Static type of its values.
    #[must_use]
    pub fn kind(&self, id: ProducerId) -> Kind {
        self.get(id).kind()
    }

    /// Whether it has a value for every event.
    #[must_use]
    pub fn always(&self, id: ProducerId) -> bool {
        self.nodes[id.index()].always
    }

    /// Asks the operands only, not what they are made of: a value may be made of another one in many ways.
    fn has_always(&self, producer: &Producer) -> bool {
        match producer {
            Producer::Request(request) => request.always(),
            Producer::Extension(extension) => extension.always(self),
            Producer::Present(_)
            | Producer::Absent(_)
            | Producer::Equal(..)
            | Producer::EqualLiteral(..)
            | Producer::Digest(_)
            | Producer::BytesText(..) => true,
            Producer::Parse(of, ParseTo::Boolean)
            | Producer::Matches(of)
            | Producer::Matcher(of, _)
            | Producer::Not(of) => self.always(*of),
            Producer::And(left, right) | Producer::Or(left, right) => self.always(*left) && self.always(*right),
            _ => false,
        }
    }

    /// The producer as the script would write it, for messages; cut where it gets long.
    #[must_use]
    pub fn identifier(&self, id: ProducerId) -> String {
        let mut text = String::new();
        self.write(id, &mut text);
        text
    }

    fn write(&self, id: ProducerId, out: &mut String) {
        const LENGTH_MAX: usize = 200;
        if out.len() > LENGTH_MAX {
            out.push('…');
            return;
        }
        let method = |of: &ProducerId, call: String, out: &mut String| {
            self.write(*of, out);
            *out += &call;
        };
        let within = |before: &str, of: &ProducerId, after: &str, out: &mut String| {
            *out += before;
            self.write(*of, out);
            *out += after;
        };
        match self.get(id) {
            Producer::Request(request) => out.extend([request.name(), "()"]),
            Producer::Cookie(name) => out.extend(["cookie(", name, ")"]),
            Producer::UserAgent => *out += "userAgent()",
            Producer::Agent(of, field) => method(of, format!(".{}()", field.name()), out),
            Producer::Place(None) => *out += "ip2geo()",
            Producer::Place(Some(of)) => within("ip2geo(", of, ")", out),
            Producer::PlacePart(of, field) => method(of, format!(".{}()", field.name()), out),
            Producer::Uri(of) => within("parse(", of, " to uri)", out),
            Producer::UriPart(of, part) => method(of, format!(".{}()", part.name()), out),
            Producer::Query(of) => method(of, ".query()".to_owned(), out),
            Producer::QueryValue(of, name) => method(of, format!(".value({name})"), out),
            Producer::QueryList(of, name) => method(of, format!(".valueList({name})"), out),
            Producer::Header(name) => out.extend(["header(", name, ")"]),
            Producer::HeaderValue(of, pick) => method(of, format!(".{pick}"), out),
            Producer::Parameters => *out += "eventParameters()",
            Producer::ParameterValue(name) => out.extend(["eventParameters().value(", name, ")"]),
            Producer::ParameterPath(path) => out.extend(["eventParameters().path(", path, ")"]),
            Producer::Matcher(of, pattern) => within(&format!("match({pattern} against "), of, ")", out),
            Producer::Matches(of) => method(of, ".matches()".to_owned(), out),
            Producer::Group(of, group) => method(of, format!(".group({group})"), out),
            Producer::Digest(digest) => self.write_digest(digest, out),
            Producer::BytesText(of, form) => method(of, format!(".{}()", form.name()), out),
            Producer::Parse(of, to) => within("parse(", of, &format!(" to {})", to.word()), out),
            Producer::Present(of) => method(of, ".isPresent()".to_owned(), out),
            Producer::Absent(of) => method(of, ".isAbsent()".to_owned(), out),
            Producer::EqualLiteral(of, literal) => {
                let literal = literal.as_ref().map_or("…".to_owned(), Literal::to_string);
                method(of, format!(".equalTo({literal})"), out);
            }
            Producer::Extension(extension) => extension.describe(out, |of, out| self.write(of, out)),
            Producer::Not(of) => within("not(", of, ")", out),
            Producer::Equal(left, right) => self.write_both(*left, "equalTo", *right, out),
            Producer::And(left, right) => self.write_both(*left, "and", *right, out),
            Producer::Or(left, right) => self.write_both(*left, "or", *right, out),
        }
    }

    fn write_digest(&self, digest: &Digest, out: &mut String) {
        *out += &digest.describe();
        for piece in &digest.pieces {
            *out += ".add(";
            match piece {
                Piece::Text(text) => out.extend(["\"", text, "\""]),
                Piece::Producer(of) => self.write(*of, out),
            }
            out.push(')');
        }
        *out += ".result()";
    }

    fn write_both(&self, left: ProducerId, method: &str, right: ProducerId, out: &mut String) {
        self.write(left, out);
        out.extend([".", method, "("]);
        self.write(right, out);
        out.push(')');
    }
}
