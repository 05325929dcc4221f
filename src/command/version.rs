//! `headwater version`.

use std::io::Write;

use super::{Failure, print};

/// Prints the version and what the binary was built with.
///
/// # Errors
/// The output cannot be written.
pub fn run(out: &mut impl Write) -> Result<(), Failure> {
    let features: Vec<_> =
        [("mimalloc", cfg!(feature = "mimalloc")), ("count-allocations", cfg!(feature = "count-allocations"))]
            .into_iter()
            .filter_map(|(name, built_in)| built_in.then_some(name))
            .collect();
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    print(out, &format!("headwater {}\nfeatures: {features}\n", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_comes_first() {
        let mut out = Vec::new();
        super::run(&mut out).expect("printed");
        let text = String::from_utf8(out).expect("text");
        assert!(text.starts_with(&format!("headwater {}\n", env!("CARGO_PKG_VERSION"))), "{text}");
    }
}
