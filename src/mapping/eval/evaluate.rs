//! From a value's description to the value.

use super::{Datum, Evaluation, Failure, TextRef, narrow, range};
use crate::mapping::{
    function::{
        condition, cookie, digest, geo, header, parameters, regex, uri,
        user_agent::{AgentField, Property},
    },
    java::uri::{Part, Uri},
    producer::{Producer, ProducerId},
    program::{Compiled, Node},
};

impl<'e> Evaluation<'e, '_> {
    pub(super) fn evaluate(&mut self, id: ProducerId, node: &'e Node) -> Result<Datum<'e>, Box<Failure>> {
        Ok(match &node.producer {
            Producer::Request(request) => request.evaluate(self.event),
            Producer::Cookie(name) => cookie::evaluate(self.event, name),
            Producer::UserAgent => self.agent(),
            Producer::Agent(of, field) => self.agent_part(*of, *field)?,
            Producer::Place(of) => self.place(id, *of)?,
            Producer::PlacePart(of, field) => {
                let place = self.value(*of)?;
                geo::part(self, place, *field)
            }
            Producer::Uri(of) => self.text_of(id, *of)?.map_or(Datum::Absent, |text| self.parse_uri(text)),
            Producer::UriPart(of, part) => match self.uri(*of)? {
                Some((uri, text)) => part.evaluate(self, &uri, text),
                None => Datum::Absent,
            },
            Producer::Query(of) => self.query(*of)?,
            Producer::QueryValue(of, name) => match self.value(*of)? {
                Datum::Query(query) => uri::query_value(self, query, name),
                _ => Datum::Absent,
            },
            Producer::QueryList(of, name) => match self.value(*of)? {
                Datum::Query(query) => uri::query_list(self, query, name),
                _ => Datum::Absent,
            },
            Producer::Header(name) => header::evaluate(self, name),
            Producer::HeaderValue(of, pick) => {
                let list = self.value(*of)?;
                header::pick(self, list, *pick)
            }
            Producer::Parameters => parameters::all(self),
            Producer::ParameterValue(name) => parameters::value(self, name),
            Producer::ParameterPath(_) => match &node.compiled {
                Compiled::Path(path) => parameters::path(self, path, &node.position)?,
                _ => Datum::Absent,
            },
            Producer::Matcher(of, _) => self.matched(id, *of, node)?,
            Producer::Matches(of) => {
                let matched = self.value(*of)?;
                regex::matches(self, matched)
            }
            Producer::Group(of, _) => match (self.value(*of)?, &node.compiled) {
                (matched, Compiled::Group(number)) => regex::group(self, matched, *number, &node.position)?,
                _ => Datum::Absent,
            },
            Producer::Digest(digest) => self.digest(id, digest, &node.compiled)?,
            Producer::BytesText(of, form) => self.bytes_text(*of, *form)?,
            Producer::Parse(of, to) => {
                self.text_of(id, *of)?.map_or(Datum::Absent, |text| to.evaluate(self.read(text)))
            }
            Producer::Present(of) => Datum::Boolean(self.value(*of)? != Datum::Absent),
            Producer::Absent(of) => Datum::Boolean(self.value(*of)? == Datum::Absent),
            Producer::Equal(left, right) => self.equal(*left, *right)?,
            Producer::EqualLiteral(of, literal) => {
                let value = self.value(*of)?;
                let equal = literal.as_ref().is_some_and(|literal| condition::equal_literal(self, value, literal));
                Datum::Boolean(equal)
            }
            Producer::And(left, right) => self.both(*left, *right, |left, right| left && right)?,
            Producer::Or(left, right) => self.both(*left, *right, |left, right| left || right)?,
            Producer::Not(of) => self.not(*of)?,
            Producer::Extension(extension) => self.extension(id, extension)?,
        })
    }

    #[inline]
    fn agent_part(&mut self, of: ProducerId, field: AgentField) -> Result<Datum<'e>, Box<Failure>> {
        Ok(match self.value(of)? {
            Datum::Agent(agent) => match field.of(agent) {
                Property::Text(text) => Datum::text(Some(text)),
                Property::Boolean(value) => Datum::Boolean(value),
            },
            _ => Datum::Absent,
        })
    }

    /// The place of a text, or of the client.
    #[inline]
    fn place(&mut self, id: ProducerId, of: Option<ProducerId>) -> Result<Datum<'e>, Box<Failure>> {
        let address = match of {
            Some(of) => self.text_of(id, of)?,
            None => self.event.remote_host.map(TextRef::Borrowed),
        };
        Ok(address.map_or(Datum::Absent, |address| geo::place(self, address)))
    }

    /// A URI and its text, if there is one.
    #[inline]
    fn uri(&mut self, of: ProducerId) -> Result<Option<(Uri, TextRef<'e>)>, Box<Failure>> {
        Ok(match self.value(of)? {
            Datum::Uri(index) => Some(self.uris[index]),
            _ => None,
        })
    }

    #[inline]
    fn query(&mut self, of: ProducerId) -> Result<Datum<'e>, Box<Failure>> {
        let query = self.uri(of)?.and_then(|(uri, text)| Some(text.part(uri.query?)));
        Ok(query.map_or(Datum::Absent, Datum::Query))
    }

    #[inline]
    fn matched(&mut self, id: ProducerId, of: ProducerId, node: &'e Node) -> Result<Datum<'e>, Box<Failure>> {
        match (self.text_of(id, of)?, &node.compiled) {
            (Some(text), Compiled::Pattern(regex)) => regex::evaluate(self, text, regex, &node.position),
            _ => Ok(Datum::Absent),
        }
    }

    #[inline]
    fn bytes_text(&mut self, of: ProducerId, form: digest::TextForm) -> Result<Datum<'e>, Box<Failure>> {
        let Datum::Bytes(part, of) = self.value(of)? else { return Ok(Datum::Absent) };
        let mut text = std::mem::take(&mut self.key);
        text.clear();
        form.write(self.bytes_of(part, of), &mut text);
        let computed = self.computed(&text);
        self.key = text;
        Ok(Datum::Text(computed))
    }

    #[inline]
    fn equal(&mut self, left: ProducerId, right: ProducerId) -> Result<Datum<'e>, Box<Failure>> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        Ok(Datum::Boolean(condition::equal(self, left, right)))
    }

    #[inline]
    fn not(&mut self, of: ProducerId) -> Result<Datum<'e>, Box<Failure>> {
        Ok(match self.value(of)? {
            Datum::Boolean(value) => Datum::Boolean(!value),
            _ => Datum::Absent,
        })
    }

    fn both(
        &mut self,
        left: ProducerId,
        right: ProducerId,
        combine: impl Fn(bool, bool) -> bool,
    ) -> Result<Datum<'e>, Box<Failure>> {
        Ok(match (self.value(left)?, self.value(right)?) {
            (Datum::Boolean(left), Datum::Boolean(right)) => Datum::Boolean(combine(left, right)),
            _ => Datum::Absent,
        })
    }

    fn agent(&mut self) -> Datum<'e> {
        // Looked at first, because finding the header takes longer than all the rest.
        if let Some(agent) = self.agent.get() {
            return Datum::Agent(agent);
        }
        let Some(text) = self.event.user_agent() else { return Datum::Absent };
        let headers = &self.event.headers;
        Datum::Agent(self.agent.get_or_init(|| self.agents.get(text, |name| headers.first(name))))
    }

    /// The text that a producer is made of; None if it is absent.
    pub(super) fn text_of(&mut self, id: ProducerId, of: ProducerId) -> Result<Option<TextRef<'e>>, Box<Failure>> {
        match self.value(of)? {
            Datum::Text(text) => Ok(Some(text)),
            Datum::Absent => Ok(None),
            _ => {
                let position = &self.program.nodes[id.index()].position;
                Failure::evaluation("what is to be read is no string", position)
            }
        }
    }

    fn parse_uri(&mut self, text: TextRef<'e>) -> Datum<'e> {
        let Some(uri) = Uri::parse(self.read(text)) else { return Datum::Absent };
        self.uris.push((uri, text));
        Datum::Uri(self.uris.len() - 1)
    }

    fn digest(
        &mut self,
        id: ProducerId,
        digest: &'e digest::Digest,
        compiled: &'e Compiled,
    ) -> Result<Datum<'e>, Box<Failure>> {
        let Compiled::Digest { key, pieces } = compiled else { return Ok(Datum::Absent) };
        // Pieces may be digests, which use the same room.
        let mut input = std::mem::take(&mut self.input);
        let start = input.len();
        for (piece, number) in digest.pieces.iter().zip(pieces) {
            let value = match piece {
                digest::Piece::Text(text) => Datum::Text(TextRef::Borrowed(text)),
                digest::Piece::Producer(of) => {
                    self.input = input;
                    let value = self.value(*of)?;
                    input = std::mem::take(&mut self.input);
                    value
                }
            };
            if self.program.digests_use_up && std::mem::replace(&mut self.used_up[*number], true) {
                continue;
            }
            match value {
                Datum::Text(text) => input.extend_from_slice(self.read(text).as_bytes()),
                Datum::Bytes(part, _) => input.extend_from_slice(&self.bytes[range(part)]),
                Datum::Json(node) => {
                    let _ = self.shared.document.scalar_text(node, |text| input.extend_from_slice(text.as_bytes()));
                }
                _ => {}
            }
        }
        let from = self.bytes.len();
        digest::compute(digest.algorithm, key.as_deref(), &input[start..], &mut self.bytes);
        input.truncate(start);
        self.input = input;
        Ok(Datum::Bytes(Part { start: narrow(from), end: narrow(self.bytes.len()) }, id))
    }

    /// The bytes of a digest, unless they were used up.
    pub(in crate::mapping) fn bytes_of(&self, part: Part, of: ProducerId) -> &[u8] {
        let piece = self.program.nodes[of.index()].piece;
        match piece {
            Some(piece) if self.program.digests_use_up && self.used_up[piece] => &[],
            _ => &self.bytes[range(part)],
        }
    }
}
