//! The syntax tree of a script.

use std::ops::Range;

/// A piece of the script, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// From its bounds; a script is far shorter than 4 GiB.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let narrow = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: narrow(start), end: narrow(end) }
    }

    /// From a range.
    #[must_use]
    pub fn of(range: &Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }

    /// As a range of bytes.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the start of this to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end.max(self.end) }
    }
}

/// A number as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// 32 bits.
    Int(i32),
    /// 64 bits.
    Long(i64),
    /// Larger, or with suffix `g`; its digits.
    Big(String),
    /// Suffix `f`.
    Float(f32),
    /// Suffix `d`.
    Double(f64),
    /// With fraction or exponent and without suffix: a decimal of any precision; as written.
    Decimal(String),
}

/// A name and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A whole script.
#[derive(Debug, Default)]
pub struct Script {
    /// Methods of the script, visible everywhere in it.
    pub methods: Vec<Method>,
    /// Everything else in order.
    pub body: Vec<Statement>,
}

/// `def name(a, b = 1) { … }`
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: Name,
    /// Its parameters and body.
    pub closure: Closure,
}

/// `{ a, b -> … }`, and bodies of methods.
#[derive(Debug)]
pub struct Closure {
    /// None: no arrow, so there is an implicit `it`.
    pub parameters: Option<Vec<Parameter>>,
    /// The statements.
    pub body: Vec<Statement>,
    /// From brace to brace.
    pub span: Span,
}

/// A parameter of a closure or method.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Value if no argument is given.
    pub default: Option<Expr>,
}

/// A statement.
#[derive(Debug)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Where it stands.
    pub span: Span,
}

/// What a statement is.
#[derive(Debug)]
pub enum StatementKind {
    /// An expression, evaluated for its effect or as the result of a closure.
    Expr(Expr),
    /// `def a = 1, b`
    Declare(Vec<(Name, Option<Expr>)>),
    /// `def (a, b) = list`
    DeclareEach(Vec<Name>, Expr),
    /// `if (…) … else …`
    If {
        /// Condition.
        condition: Expr,
        /// Statements if true.
        yes: Vec<Statement>,
        /// Statements if false.
        no: Vec<Statement>,
    },
    /// `for (x in list) …`
    ForEach {
        /// Loop variable.
        variable: Name,
        /// What is walked.
        items: Expr,
        /// Body.
        body: Vec<Statement>,
    },
    /// `while (…) …`
    While {
        /// Condition.
        condition: Expr,
        /// Body.
        body: Vec<Statement>,
    },
    /// `for (start; condition; step) …`
    For {
        /// What is done first.
        start: Vec<Statement>,
        /// Condition; none is true.
        condition: Option<Expr>,
        /// What is done after each turn.
        step: Vec<Expr>,
        /// Body.
        body: Vec<Statement>,
    },
    /// `do { … } while (…)`
    DoWhile {
        /// Body.
        body: Vec<Statement>,
        /// Condition.
        condition: Expr,
    },
    /// `switch (…) { case …: … default: … }`
    Switch {
        /// What is compared.
        subject: Expr,
        /// Each case with its statements; without an expression it is the default.
        cases: Vec<(Option<Expr>, Vec<Statement>)>,
    },
    /// `try { … } catch (e) { … } finally { … }`
    Try {
        /// Body.
        body: Vec<Statement>,
        /// The name of the caught mistake, and what is done then.
        catch: Option<(Name, Vec<Statement>)>,
        /// What is done in the end.
        finally: Vec<Statement>,
    },
    /// `assert condition : message`
    Assert(Expr, Option<Expr>),
    /// `return …`
    Return(Option<Expr>),
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `import a.b.C`; the dotted name.
    Import(String),
}

/// An expression.
#[derive(Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Debug)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text without interpolation.
    Text(String),
    /// Text with interpolation.
    Interpolated(Vec<TextPart>),
    /// A variable, or a property of the script.
    Name(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `[a: 1, 'b': 2]`; keys that are words are texts.
    Map(Vec<(Expr, Expr)>),
    /// `{ … }`
    Closure(Closure),
    /// `name(…)` or `object.name(…)`
    Call(Box<Call>),
    /// `expression(…)`
    CallValue(Box<Expr>, Vec<Argument>),
    /// `object.name`
    Property {
        /// Of what.
        object: Box<Expr>,
        /// Which.
        name: Name,
        /// `?.`
        safe: bool,
    },
    /// `object[index]`
    Index(Box<Expr>, Box<Expr>),
    /// `!a`, `-a`, `+a`
    Unary(&'static str, Box<Expr>),
    /// `a + b` and the like
    Binary(Box<Binary>),
    /// `a ? b : c`
    Ternary(Box<[Expr; 3]>),
    /// `a ?: b`
    Elvis(Box<[Expr; 2]>),
    /// `a as Type`, `(Type) a`
    Cast(Box<Expr>, Name),
    /// `a = b`, `a += b`, …; `operator` is `=` or the operator without `=`.
    Assign {
        /// What is assigned to: a name, property or index.
        target: Box<Expr>,
        /// `=`, `+`, `-`, …
        operator: &'static str,
        /// What is assigned.
        value: Box<Expr>,
    },
    /// `a++`, `a--` (also in front); the operator is `+` or `-`.
    Step(Box<Expr>, &'static str),
    /// `new Type(…)`
    New(Name, Vec<Argument>),
    /// `object.&name`
    Method(Box<Expr>, Name),
    /// A construct that is understood but not executed; its name.
    Refused(&'static str),
}

/// A piece of an interpolated text.
#[derive(Debug)]
pub enum TextPart {
    /// Verbatim.
    Text(String),
    /// An expression.
    Value(Expr),
}

/// A call by name.
#[derive(Debug)]
pub struct Call {
    /// None: a function, or a closure in a variable.
    pub receiver: Option<Expr>,
    /// `?.`
    pub safe: bool,
    /// What is called.
    pub name: Name,
    /// With what.
    pub arguments: Vec<Argument>,
}

/// An argument of a call.
#[derive(Debug)]
pub struct Argument {
    /// `name: value`
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// An operation on two values.
#[derive(Debug)]
pub struct Binary {
    /// The operator.
    pub operator: &'static str,
    /// What stands before it.
    pub left: Expr,
    /// What stands behind it.
    pub right: Expr,
}
