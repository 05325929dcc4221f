//! Identifiers and base-36 numbers.
/// Reads a base-36 integer.
pub fn base36_i32(_text: &str) -> Option<i32> {
    unimplemented!()
}
