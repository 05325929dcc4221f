//! Event ↔ journal bytes.
/// Position of the flags byte in a stored event.
pub const FLAGS_AT: usize = 1;
/// Iterator.
pub struct FieldsIter<'a>(&'a [u8]);
impl<'a> FieldsIter<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}
impl<'a> Iterator for FieldsIter<'a> {
    type Item = (&'a str, &'a str);
    fn next(&mut self) -> Option<Self::Item> {
        let _ = self.0;
        unimplemented!()
    }
}
