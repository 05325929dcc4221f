//! Actions to a flat program. They have passed [`super::typing`]; a field that is not there is left out.

use std::collections::HashMap;

use super::{
    action::{Action, Mapped},
    ast::Span,
    producer::{Producer, ProducerId, Producers},
    program::{Node, Op, Program},
};
use crate::{diagnostic::SourceText, record::schema::RecordSchema};

/// Makes the program.
#[must_use]
pub fn lower(actions: &[Action], producers: &Producers, schema: &RecordSchema, source: &SourceText) -> Program {
    let fields = schema.fields().iter().enumerate().map(|(index, field)| (field.name.as_str(), index)).collect();
    let mut lower =
        Lower { producers, source, fields, known: HashMap::new(), uses: Vec::new(), program: Program::default() };
    lower.program.fields = schema.fields().len();
    let mut exits = Vec::new();
    let mut stops = Vec::new();
    lower.actions(actions, &mut exits, &mut stops);
    let end = lower.program.ops.len();
    lower.land(exits, end);
    lower.land(stops, end);
    lower.memoise();
    lower.program
}

struct Lower<'a> {
    producers: &'a Producers,
    source: &'a SourceText,
    fields: HashMap<&'a str, usize>,
    known: HashMap<ProducerId, ProducerId>,
    uses: Vec<u32>,
    program: Program,
}

impl Lower<'_> {
    /// `exits` and `stops` collect the jumps whose target is not known yet.
    fn actions(&mut self, actions: &[Action], exits: &mut Vec<usize>, stops: &mut Vec<usize>) {
        for action in actions {
            match action {
                Action::Set { field, value, .. } => self.set(field, value),
                Action::When { condition, body, span } => {
                    let position = position(self.source, *span);
                    let condition = self.node(*condition);
                    let at = self.push(Op::Unless { condition, target: 0, position });
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
                Action::Stop => stops.push(self.push(Op::Jump { target: 0 })),
                Action::Exit => exits.push(self.push(Op::Jump { target: 0 })),
            }
        }
    }

    fn push(&mut self, op: Op) -> usize {
        self.program.ops.push(op);
        self.program.ops.len() - 1
    }

    fn land(&mut self, jumps: Vec<usize>, end: usize) {
        for jump in jumps {
            if let Op::Jump { target } | Op::Unless { target, .. } = &mut self.program.ops[jump] {
                *target = end;
            }
        }
    }

    fn set(&mut self, field: &str, value: &Mapped) {
        let Some(field) = self.fields.get(field).copied() else { return };
        let op = match value {
            Mapped::Literal(value) => Op::SetLiteral { field, value: value.clone() },
            Mapped::Producer(id) => Op::Set { field, value: self.node(*id) },
        };
        self.push(op);
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
        let producer = self.producers.get(id);
        let operands: Vec<_> = producer.operands().into_iter().flatten().map(|of| (of, self.node(of))).collect();
        let wire = |of| operands.iter().find(|(old, _)| *old == of).map_or(of, |(_, new)| *new);
        let producer = producer.clone().rewired(wire);
        let position = position(self.source, self.producers.span(id));
        let node = ProducerId::at(self.program.nodes.len());
        self.program.nodes.push(Node { producer, memo: None, position });
        self.uses.push(0);
        self.known.insert(id, node);
        node
    }

    /// What is used more than once is worth remembering, unless it is at hand anyway.
    fn memoise(&mut self) {
        for (node, uses) in self.program.nodes.iter_mut().zip(&self.uses) {
            let at_hand = matches!(node.producer, Producer::Request(_) | Producer::Agent(..));
            if *uses > 1 && !at_hand {
                node.memo = Some(self.program.memos);
                self.program.memos += 1;
            }
        }
    }
}

/// A place as `file:line:column`, both counted from one, columns in characters.
#[must_use]
pub fn position(source: &SourceText, span: Span) -> String {
    let before = source.text.get(..span.range().start).unwrap_or(&source.text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("{}:{line}:{column}", source.name)
}
