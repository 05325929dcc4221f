//! Calls: which function a name means, and with what it is called.

use super::{Context, Entries, Evaluated, Interpreter, Stop, Value};
use crate::{
    diagnostic::nearest,
    mapping::{
        ast::{Argument, Call, Name, Span},
        diagnostic::{BAD_ARGUMENTS, NO_EFFECT, NO_KEY, NO_PLACES, UNKNOWN_FUNCTION, UNKNOWN_METHOD},
        function::{
            self, Found, Given,
            extension::{COLUMN, LOOKUP},
            function_names, method_names,
        },
        producer::{Kind, ProducerId},
    },
};

/// Functions of the script and of the mapping object, beside those for values of the event.
pub(super) const STATEMENTS: &[&str] = &[
    "mapping",
    "map",
    "when",
    "match",
    "parse",
    "not",
    "digest",
    "section",
    "stop",
    "exit",
    "exitWhen",
    "toInt",
    "toLong",
    "toFloat",
    "toDouble",
    "toBoolean",
    "parseUri",
    "matcher",
    "println",
];

impl<'a> Interpreter<'a, '_> {
    /// Arguments in order; those with names make a map in front, as in Groovy.
    pub(super) fn arguments(&mut self, list: &'a [Argument], context: Context) -> Evaluated<'a, Vec<Value<'a>>> {
        let mut values = Vec::with_capacity(list.len());
        let mut named = Vec::new();
        for argument in list {
            let value = self.expr(&argument.value, context)?;
            match &argument.name {
                Some(name) => named.push((self.text(name.span, name.text.as_str())?, value)),
                None => values.push(value),
            }
        }
        if let Some(first) = list.iter().find_map(|argument| argument.name.as_ref()) {
            let map = self.map(first.span, Entries::of(named))?;
            values.insert(0, map);
        }
        Ok(values)
    }

    pub(super) fn call(&mut self, call: &'a Call, span: Span, context: Context) -> Evaluated<'a> {
        let Some(receiver) = &call.receiver else {
            let arguments = self.arguments(&call.arguments, context)?;
            return self.call_function(&call.name, arguments, span, context);
        };
        let receiver = match self.expr(receiver, context) {
            // The body of a faulty condition is looked at all the same.
            Err(Stop::Failed(report)) if call.name.text == "apply" && self.catching == 0 => {
                self.report(*report)?;
                Value::Poison
            }
            other => other?,
        };
        if call.safe && matches!(receiver, Value::Null) {
            return Ok(Value::Null);
        }
        let arguments = self.arguments(&call.arguments, context)?;
        if matches!(receiver, Value::Poison) || arguments.iter().any(|value| matches!(value, Value::Poison)) {
            self.use_up(&receiver);
            if let (Value::Poison, "apply", [Value::Closure(closure, inner)]) =
                (&receiver, &*call.name.text, &arguments[..])
            {
                self.dry_run(closure, *inner, span)?;
            }
            return Ok(Value::Poison);
        }
        if let ("with", [Value::Closure(closure, inner)], false) =
            (&*call.name.text, &arguments[..], matches!(receiver, Value::Pending(_)))
        {
            return self.call_with(closure, *inner, vec![receiver.clone()], Some(receiver), span);
        }
        match receiver {
            Value::Producer(id) => self.call_producer(id, &call.name, &arguments, span),
            Value::Pending(pending) => self.finish(pending, &call.name, &arguments, span, context),
            Value::Digester(digester) => self.call_digester(digester, &call.name, &arguments, span),
            Value::Mapping => self.call_own(&call.name, arguments, span, Context { mapping: true, ..context }),
            Value::Library(library) => self.call_library(library, &call.name, &arguments, span),
            Value::Closure(..) | Value::Method(_) if call.name.text == "call" => {
                self.call_value(&receiver, arguments, span)
            }
            Value::Map(map)
                if matches!(self.maps[map].get_text(&call.name.text), Some(Value::Closure(..) | Value::Method(_))) =>
            {
                // A closure that is kept under a name.
                let callee = self.maps[map].get_text(&call.name.text).cloned().unwrap_or(Value::Null);
                self.call_value(&callee, arguments, span)
            }
            receiver => self.call_method(&receiver, &call.name, &arguments, span),
        }
    }

    /// A failed statement uses up what it was to finish, so that this is not reported as well.
    fn use_up(&mut self, receiver: &Value<'a>) {
        if let Value::Pending(pending) = receiver {
            self.pending[*pending].used = true;
        }
    }

    pub(super) fn call_value(&mut self, callee: &Value<'a>, arguments: Vec<Value<'a>>, span: Span) -> Evaluated<'a> {
        match callee {
            Value::Poison => Ok(Value::Poison),
            Value::Closure(closure, context) => {
                self.call_closure(closure, Context { value: true, ..*context }, arguments, span)
            }
            Value::Method(name) => {
                self.call_own(name, arguments, span, Context { scope: 0, mapping: true, value: true })
            }
            other => Err(self.error(UNKNOWN_FUNCTION, span, format!("{} cannot be called", other.describe()))),
        }
    }

    /// A bare name: a closure in a variable, a method of the script, a function, or one of the mapping object.
    fn call_function(
        &mut self,
        name: &'a Name,
        arguments: Vec<Value<'a>>,
        span: Span,
        context: Context,
    ) -> Evaluated<'a> {
        match self.variable(context.scope, &name.text).cloned() {
            Some(callee @ (Value::Closure(..) | Value::Method(_))) => {
                return self.call_value(&callee, arguments, span);
            }
            Some(Value::Poison) => return Ok(Value::Poison),
            _ => {}
        }
        self.call_own(name, arguments, span, context)
    }

    /// A method of the script, a function, or one of the mapping object.
    fn call_own(&mut self, name: &'a Name, arguments: Vec<Value<'a>>, span: Span, context: Context) -> Evaluated<'a> {
        let script = self.script;
        if let Some(method) = script.methods.iter().find(|method| method.name.text == name.text) {
            // A method sees what is visible everywhere, not the mapping object.
            let inner = Context { scope: 0, mapping: false, value: true };
            return self.call_closure(&method.closure, inner, arguments, span);
        }
        if arguments.iter().any(|value| matches!(value, Value::Poison)) {
            return Ok(Value::Poison);
        }
        if let Some(result) = self.script_function(name, &arguments, span, context) {
            return result;
        }
        // What only the object of a `with` knows.
        if let Some(delegate) = self.delegate(context.scope)
            && (!context.mapping || !is_known(&name.text) || is_own(&delegate, &name.text))
        {
            return self.call_delegate(&delegate, name, &arguments, span, context);
        }
        if context.mapping {
            return self.call_mapping(name, &arguments, span, context);
        }
        if is_known(&name.text) {
            let message = format!("`{}` cannot be called outside a mapping block", name.text);
            let hint = format!("inside a method write `mapping.{}(…)`, or use a closure in the block", name.text);
            return Err(self.error_with_hint(UNKNOWN_FUNCTION, name.span, message, hint));
        }
        Err(self.unknown_function(name))
    }

    fn call_delegate(
        &mut self,
        delegate: &Value<'a>,
        name: &'a Name,
        arguments: &[Value<'a>],
        span: Span,
        context: Context,
    ) -> Evaluated<'a> {
        match delegate {
            Value::Producer(id) => self.call_producer(*id, name, arguments, span),
            Value::Digester(digester) => self.call_digester(*digester, name, arguments, span),
            Value::Mapping => self.call_mapping(name, arguments, span, Context { mapping: true, ..context }),
            other => self.call_method(other, name, arguments, span),
        }
    }

    /// Functions of the mapping object: statements, and values of the event.
    fn call_mapping(&mut self, name: &'a Name, arguments: &[Value<'a>], span: Span, context: Context) -> Evaluated<'a> {
        if let Some(result) = self.mapping_function(name, arguments, span, context) {
            return result;
        }
        let given: Vec<Given> = arguments.iter().map(|value| self.given(value)).collect();
        self.spend(span, cost_of(&given))?;
        if name.text == "ip2geo" && !self.surroundings.has_places {
            let message = "`ip2geo` needs a database of places, and the configuration names none";
            let hint = "set `divolte.global.mapper.ip2geo_database` to a file of the kind `GeoLite2-City.mmdb`";
            return Err(self.error_with_hint(NO_PLACES, span, message, hint));
        }
        if name.text == "pseudonym" && !self.surroundings.has_key {
            let message = "`pseudonym` needs a key, and the configuration names none";
            let hint = "set `divolte.global.mapper.pseudonym_key_file` to a file that holds one";
            return Err(self.error_with_hint(NO_KEY, span, message, hint));
        }
        if name.text == LOOKUP {
            return self.look_up(name, arguments, span);
        }
        match function::function(&self.producers, &name.text, &given) {
            Found::Producer(producer) => self.producer(span, producer),
            Found::Odd(producer, why) => {
                self.warn(NO_EFFECT, span, why, "give it an argument");
                self.producer(span, producer)
            }
            Found::WrongArguments(wanted) => Err(self.wrong_arguments(name, wanted, arguments)),
            Found::Bad(why) => Err(self.error(BAD_ARGUMENTS, span, why)),
            Found::Unknown if is_known(&name.text) => Err(self.wrong_arguments(name, "other arguments", arguments)),
            Found::Unknown => Err(self.unknown_function(name)),
        }
    }

    fn call_producer(&mut self, id: ProducerId, name: &Name, arguments: &[Value<'a>], span: Span) -> Evaluated<'a> {
        let given: Vec<Given> = arguments.iter().map(|value| self.given(value)).collect();
        self.spend(span, cost_of(&given))?;
        if name.text == COLUMN && self.producers.kind(id) == Kind::Row {
            return self.column(id, name, arguments, span);
        }
        match function::method(&self.producers, id, &name.text, &given) {
            Found::Producer(producer) | Found::Odd(producer, _) => {
                self.doubt_comparison(id, &producer, arguments, span);
                self.producer(span, producer)
            }
            Found::WrongArguments(wanted) => {
                let report = self.wrong_arguments(name, wanted, arguments);
                let closure = arguments.iter().any(|value| matches!(value, Value::Closure(..)));
                Err(match report {
                    Stop::Failed(report) if closure => {
                        let hint = "the block went to the method in front of it: write `when … apply { … }`";
                        Stop::Failed(Box::new(report.hint(hint)))
                    }
                    report => report,
                })
            }
            Found::Bad(why) => Err(self.error(BAD_ARGUMENTS, span, why)),
            Found::Unknown => {
                let kind = self.producers.kind(id);
                let message = format!("{} has no method `{}`", kind.describe(), name.text);
                Err(match nearest(&name.text, method_names(kind)) {
                    Some(near) => self.misnamed(UNKNOWN_METHOD, name.span, message, near),
                    None => self.error(UNKNOWN_METHOD, name.span, message),
                })
            }
        }
    }

    /// A value as an argument of a function of the event.
    fn given(&self, value: &Value<'a>) -> Given {
        if let Value::List(list) = value {
            let texts = self.lists[*list].iter().map(|item| match item {
                Value::Text(text) => Some(text.to_string()),
                _ => None,
            });
            return texts.collect::<Option<Vec<_>>>().map_or(Given::Other("a list"), Given::List);
        }
        value.given()
    }

    pub(super) fn wrong_arguments(&self, name: &Name, wanted: &str, arguments: &[Value<'a>]) -> Stop<'a> {
        let given = match arguments {
            [] => "none was given".to_owned(),
            [one] => format!("{} was given", one.describe()),
            several => {
                let list: Vec<_> = several.iter().map(Value::describe).collect();
                format!("{} were given", list.join(" and "))
            }
        };
        self.error(BAD_ARGUMENTS, name.span, format!("`{}` takes {wanted}, {given}", name.text))
    }

    fn unknown_function(&self, name: &Name) -> Stop<'a> {
        let message = format!("there is no function `{}`", name.text);
        if LINKS.contains(&name.text.as_str()) {
            let hint = "it must stand on the line of the statement that it belongs to";
            return self.error_with_hint(UNKNOWN_FUNCTION, name.span, message, hint);
        }
        let methods = self.script.methods.iter().map(|method| method.name.text.as_str());
        let functions = function_names().chain(STATEMENTS.iter().copied());
        let known = functions.map(|known: &str| known).chain(methods);
        match nearest(&name.text, known) {
            Some(near) => self.misnamed(UNKNOWN_FUNCTION, name.span, message, near),
            None => self.error(UNKNOWN_FUNCTION, name.span, message),
        }
    }
}

/// Words that follow a function within a statement, and are none themselves.
const LINKS: &[&str] = &["onto", "apply", "against", "to"];

/// Names of ours that a list has had before.
fn is_own(delegate: &Value<'_>, name: &str) -> bool {
    name == "join" && matches!(delegate, Value::List(_))
}

fn is_known(name: &str) -> bool {
    STATEMENTS.contains(&name) || function_names().any(|known| known == name)
}

/// Arguments that are long, or have to be read, take time.
fn cost_of(given: &[Given]) -> usize {
    let cost = |given: &Given| match given {
        // A path may hold patterns, which take long to compile.
        Given::Text { text, .. } => text.len() / 16 + 2000 * text.matches("=~").count(),
        Given::List(texts) => texts.len(),
        _ => 0,
    };
    given.iter().map(cost).sum()
}
