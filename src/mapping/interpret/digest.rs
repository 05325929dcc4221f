//! `digest(algorithm, seed).add(…).result()`: a digest is put together when the script is loaded.

use super::{Evaluated, Interpreter, Stop, Value};
use crate::{
    diagnostic::nearest,
    mapping::{
        ast::{Name, Span},
        diagnostic::{BAD_ARGUMENTS, UNKNOWN_METHOD},
        function::digest::{Algorithm, Digest, Piece, digestible},
        producer::Producer,
    },
};

/// Different seeds of one script: deriving a key takes some hundredths of a second.
const SEEDS_MAX: usize = 64;

impl<'a> Interpreter<'a, '_> {
    /// `digest(algorithm)`, `digest(algorithm, seed)`
    pub(super) fn digester(&mut self, name: &Name, arguments: &[Value<'a>], span: Span) -> Evaluated<'a> {
        let texts: Option<Vec<_>> = arguments.iter().map(|value| value.text().map(ToString::to_string)).collect();
        let (algorithm, seed) = match texts.as_deref() {
            Some([algorithm]) => (algorithm, None),
            Some([algorithm, seed]) => (algorithm, Some(seed.clone())),
            _ => return Err(self.wrong_arguments(name, "the name of an algorithm and maybe a seed", arguments)),
        };
        let seeded = seed.is_some();
        let Some(found) = Algorithm::named(algorithm, seeded) else {
            return Err(self.unknown_algorithm(algorithm, seeded, span));
        };
        if let Some(seed) = &seed {
            self.seeds.insert((found, seed.clone()));
            if self.seeds.len() > SEEDS_MAX {
                return Err(self.limit(span, format!("the script has more than {SEEDS_MAX} different seeds")));
            }
        }
        self.take_room(span, 64)?;
        self.digesters.push(Digest { algorithm: found, written: algorithm.clone(), seed, pieces: Vec::new() });
        Ok(Value::Digester(self.digesters.len() - 1))
    }

    fn unknown_algorithm(&self, algorithm: &str, seeded: bool, span: Span) -> Stop<'a> {
        let kind = if seeded { "a digest with a seed" } else { "a digest" };
        let message = format!("there is no algorithm `{algorithm}` for {kind}");
        let report = self.reports.error(BAD_ARGUMENTS, span, message);
        Stop::Failed(Box::new(match nearest(algorithm, Algorithm::names(seeded)) {
            Some(near) => self.reports.instead(report, span, algorithm, near, format!("did you mean `{near}`?")),
            None => report.hint(format!("there are {}", Algorithm::names(seeded).collect::<Vec<_>>().join(", "))),
        }))
    }

    /// Methods of a digest. It changes and is given back, as in the original.
    pub(super) fn call_digester(
        &mut self,
        digester: usize,
        name: &Name,
        arguments: &[Value<'a>],
        span: Span,
    ) -> Evaluated<'a> {
        match (name.text.as_str(), arguments) {
            ("add", [value]) => {
                let piece = match value {
                    Value::Text(text) | Value::Interpolated(text) => Piece::Text(text.to_string()),
                    Value::Producer(id) if digestible(&self.producers, *id) => Piece::Producer(*id),
                    Value::Producer(id) => {
                        let (identifier, kind) = (self.producers.identifier(*id), self.producers.kind(*id).describe());
                        let message = format!("{identifier} cannot be digested: it is {kind}");
                        let hint = "texts, strings and JSON values of the event, and other digests can be";
                        return Err(self.error_with_hint(BAD_ARGUMENTS, span, message, hint));
                    }
                    _ => return Err(self.wrong_arguments(name, "a text or a value of the event", arguments)),
                };
                self.take_room(span, 16 + if let Piece::Text(text) = &piece { text.len() } else { 0 })?;
                self.digesters[digester].pieces.push(piece);
                Ok(Value::Digester(digester))
            }
            ("result", []) => {
                let digest = self.digesters[digester].clone();
                self.take_room(span, 16 * digest.pieces.len())?;
                self.producer(span, Producer::Digest(Box::new(digest)))
            }
            ("add", _) => Err(self.wrong_arguments(name, "one piece", arguments)),
            ("result", _) => Err(self.wrong_arguments(name, "no argument", arguments)),
            (other, _) => {
                let message = format!("a digest has no method `{other}`");
                if let Some(near) = nearest(other, ["add", "result"]) {
                    return Err(self.misnamed(UNKNOWN_METHOD, name.span, message, near));
                }
                let hint = "texts are made of its result: `.result().toHexLower()`";
                Err(self.error_with_hint(UNKNOWN_METHOD, name.span, message, hint))
            }
        }
    }
}
