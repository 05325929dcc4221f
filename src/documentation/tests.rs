//! Generated parts of the documentation: tests that keep them current.

use std::{env, fs, path::Path};

/// Everything between `<!-- MARK: generated -->` and `<!-- MARK: end -->` of a document must be what is generated.
/// With `HEADWATER_UPDATE` in the environment the document is written anew instead.
pub(crate) fn check_block(document: &str, mark: &str, generated: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(document);
    let text = fs::read_to_string(&file).expect("the documentation");
    let (begin, end) = (format!("<!-- {mark}: generated -->\n"), format!("<!-- {mark}: end -->"));
    let (before, rest) = text.split_once(&begin).expect("a mark at the beginning");
    let (block, after) = rest.split_once(&end).expect("a mark at the end");
    if block == generated {
        return;
    }
    if env::var_os("HEADWATER_UPDATE").is_some() {
        fs::write(&file, format!("{before}{begin}{generated}{end}{after}")).expect("the documentation can be written");
        return;
    }
    let odd = block.lines().zip(generated.lines()).find(|(block, generated)| block != generated);
    panic!("docs/{document} is not current, at {odd:?}: run HEADWATER_UPDATE=1 cargo test --lib documentation");
}
