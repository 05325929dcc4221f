//! Actions to a flat program. They have passed [`super::typing`]; a field that is not there is left out.

use std::{collections::HashMap, sync::Arc};

use super::{
    MappingOptions,
    action::{Action, Mapped},
    ast::Span,
    function::{
        digest::{Piece, key_of},
        logical::{Conversion, conversion},
    },
    interpret::Outcome,
    java::jsonpath::Path,
    lint::Patterns,
    producer::{Kind, Producer, ProducerId, Producers},
    program::{Compiled, Node, Op, Program},
};
use crate::{
    diagnostic::SourceText,
    record::schema::{Logical, RecordSchema},
};

/// Makes the program.
#[must_use]
pub fn lower(
    outcome: &Outcome,
    schema: &Arc<RecordSchema>,
    source: &SourceText,
    patterns: &Patterns,
    options: &MappingOptions,
) -> Program {
    let fields = schema.fields().iter().enumerate().map(|(index, field)| (field.name.as_str(), index)).collect();
    let mut lower = Lower {
        producers: &outcome.producers,
        patterns,
        source,
        schema,
        fields,
        known: HashMap::new(),
        pieces: HashMap::new(),
        keys: HashMap::new(),
        full_keys: options.extras.full_digest_keys,
        uses: Vec::new(),
        program: Program::default(),
    };
    lower.program.fields = schema.fields().len();
    lower.program.schema = Some(Arc::clone(schema));
    lower.program.digests_use_up = options.digests_use_up;
    lower.program.own_hosts.clone_from(&options.extras.own_hosts);
    lower.program.pseudonym_key.clone_from(&options.extras.pseudonym_key);
    let mut exits = Vec::new();
    let mut stops = Vec::new();
    lower.actions(&outcome.actions, &mut exits, &mut stops);
    let end = lower.program.ops.len();
    lower.land(exits, end);
    lower.land(stops, end);
    lower.memoise();
    lower.program.pieces = lower.pieces.len();
    for (piece, number) in &lower.pieces {
        if let Piece::Producer(node) = piece {
            lower.program.nodes[node.index()].piece = Some(*number);
        }
    }
    lower.program
}

struct Lower<'a> {
    producers: &'a Producers,
    patterns: &'a Patterns,
    source: &'a SourceText,
    schema: &'a RecordSchema,
    fields: HashMap<&'a str, usize>,
    known: HashMap<ProducerId, ProducerId>,
    /// Numbers of the pieces of digests.
    pieces: HashMap<Piece, usize>,
    /// Keys of seeds, which take long to derive.
    keys: HashMap<(super::function::digest::Algorithm, String), Vec<u8>>,
    full_keys: bool,
    uses: Vec<u32>,
    program: Program,
}

impl Lower<'_> {
    /// `exits` and `stops` collect the jumps whose target is not known yet.
    fn actions(&mut self, actions: &[Action], exits: &mut Vec<usize>, stops: &mut Vec<usize>) {
        for action in actions {
            match action {
                Action::Set { field, value, span } => self.set(field, value, *span),
                Action::When { condition, body, span } => {
                    let position = position(self.source, *span);
                    let condition = self.node(*condition);
                    let at = self.push(Op::Unless { condition, target: 0, position }, *span);
                    self.actions(body, exits, stops);
                    let end = self.program.ops.len();
                    self.land(vec![at], end);
                }
                Action::Section(body) => {
                    let mut inner = Vec::new();
                    self.actions(body, &mut inner, stops);
                    let end = self.program.ops.len();
                    self.land(inner, end);
                }
                Action::Stop(span) => stops.push(self.push(Op::Jump { target: 0 }, span.unwrap_or_default())),
                Action::Exit(span) => exits.push(self.push(Op::Jump { target: 0 }, span.unwrap_or_default())),
            }
        }
    }

    fn push(&mut self, op: Op, place: Span) -> usize {
        self.program.ops.push(op);
        self.program.places.push(place);
        self.program.ops.len() - 1
    }

    fn land(&mut self, jumps: Vec<usize>, end: usize) {
        for jump in jumps {
            if let Op::Jump { target } | Op::Unless { target, .. } = &mut self.program.ops[jump] {
                *target = end;
            }
        }
    }

    fn set(&mut self, field: &str, value: &Mapped, span: Span) {
        let Some(field) = self.fields.get(field).copied() else { return };
        let op = match value {
            Mapped::Literal(value) => Op::SetLiteral { field, value: value.clone() },
            Mapped::Producer(id) if is_encoded(self.producers.kind(*id)) || self.conversion(*id, field).is_some() => {
                Op::Encode {
                    field,
                    value: self.node(*id),
                    conversion: self.conversion(*id, field),
                    kind: self.schema.fields()[field].kind.clone(),
                    position: position(self.source, span),
                }
            }
            Mapped::Producer(id) => Op::Set { field, value: self.node(*id) },
        };
        self.push(op, span);
    }

    /// How a value becomes one of the field's logical type, if it has one that says so.
    fn conversion(&self, id: ProducerId, field: usize) -> Option<(Conversion, Logical)> {
        let field = &self.schema.fields()[field];
        let how = conversion(self.producers, id, field.kind.unwrapped()?, field.logical)?;
        Some((how, field.logical?))
    }

    /// The node of a producer, made with its operands if it is new. Each call counts as one use.
    fn node(&mut self, id: ProducerId) -> ProducerId {
        let node = match self.known.get(&id) {
            Some(node) => *node,
            None => self.new_node(id),
        };
        self.uses[node.index()] += 1;
        node
    }

    fn new_node(&mut self, id: ProducerId) -> ProducerId {
        let mut producer = self.producers.get(id).clone();
        producer.for_each_operand(|of| *of = self.node(*of));
        let position = position(self.source, self.producers.span(id));
        let compiled = self.compiled(&producer);
        let node = ProducerId::at(self.program.nodes.len());
        self.program.nodes.push(Node { producer, memo: None, position, compiled, piece: None });
        self.uses.push(0);
        self.known.insert(id, node);
        node
    }

    /// Prepares what the producer needs; its operands are nodes already.
    fn compiled(&mut self, producer: &Producer) -> Compiled {
        match producer {
            Producer::ParameterPath(path) => Path::parse(path).map_or(Compiled::Nothing, Compiled::Path),
            Producer::Matcher(_, pattern) => Compiled::Pattern(self.patterns.get(pattern)),
            Producer::Group(of, group) => match &self.program.nodes[of.index()].compiled {
                Compiled::Pattern(Ok(regex)) => Compiled::Group(group.number_in(regex)),
                _ => Compiled::Group(None),
            },
            Producer::Digest(digest) => {
                let key = digest.seed.as_ref().map(|seed| {
                    let known = self.keys.entry((digest.algorithm, seed.clone()));
                    known.or_insert_with(|| key_of(digest.algorithm, seed, self.full_keys)).clone()
                });
                let pieces = digest.pieces.iter().map(|piece| {
                    let next = self.pieces.len();
                    *self.pieces.entry(piece.clone()).or_insert(next)
                });
                Compiled::Digest { key, pieces: pieces.collect() }
            }
            _ => Compiled::Nothing,
        }
    }

    /// What is used more than once is worth remembering, unless it is at hand anyway.
    fn memoise(&mut self) {
        for (node, uses) in self.program.nodes.iter_mut().zip(&self.uses) {
            let at_hand = match node.producer {
                Producer::Request(_) | Producer::Agent(..) | Producer::Parameters => true,
                // Its bytes may be used up in between.
                Producer::BytesText(..) => self.program.digests_use_up,
                _ => false,
            };
            // What a digest uses up, it must not ask for again.
            let once = self.program.digests_use_up && matches!(node.producer, Producer::Digest(_));
            if (*uses > 1 || once) && !at_hand {
                node.memo = Some(self.program.memos);
                self.program.memos += 1;
            }
        }
    }
}

/// Whether values of this type are encoded when they are written to their field.
fn is_encoded(kind: Kind) -> bool {
    matches!(kind, Kind::TextList | Kind::IntList | Kind::Json | Kind::Parameters | Kind::Query)
}

/// A place as `file:line:column`, both counted from one, columns in characters.
#[must_use]
pub fn position(source: &SourceText, span: Span) -> String {
    let before = source.text.get(..span.range().start).unwrap_or(&source.text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("{}:{line}:{column}", source.name)
}
