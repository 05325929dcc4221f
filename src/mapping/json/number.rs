//! Numbers as the text that Java makes of them.

use std::fmt::Write as _;

use crate::mapping::java::number::push_double;

/// Room for the text of a number that has none of its own.
#[derive(Debug, Default)]
pub struct NumberText {
    text: String,
}

impl NumberText {
    /// The decimal digits of an integer.
    pub fn integer(&mut self, number: i64) -> &str {
        self.text.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{number}");
        &self.text
    }

    /// A real number as Java's `Double.toString` writes it.
    pub fn double(&mut self, number: f64) -> &str {
        self.text.clear();
        push_double(number, &mut self.text);
        &self.text
    }
}
