//! Why the file system or the network said no, in words for whoever has to do something about it.

use std::io::{self, ErrorKind};

/// The reason, as it stands behind a colon: lower case, without a number.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "it does not exist",
        ErrorKind::PermissionDenied => "this user is not allowed to",
        ErrorKind::IsADirectory => "it is a directory",
        ErrorKind::NotADirectory => "a part of its path is no directory",
        ErrorKind::ReadOnlyFilesystem => "its file system can only be read",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::InvalidData => "it is no text in UTF-8",
        _ => return without_number(&error.to_string()),
    };
    words.to_owned()
}

/// What the system says ends with a number that says the same.
fn without_number(text: &str) -> String {
    let text = text.rsplit_once(" (os error ").map_or(text, |(text, _)| text);
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        // Not what is all in capitals.
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().collect::<String>() + letters.as_str()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_words() {
        for (error, expected) in [
            (io::Error::from_raw_os_error(2), "it does not exist"),
            (io::Error::from_raw_os_error(13), "this user is not allowed to"),
            (io::Error::from_raw_os_error(21), "it is a directory"),
            (io::Error::from_raw_os_error(28), "the disk is full"),
            (io::Error::from_raw_os_error(40), "too many levels of symbolic links"),
            (io::Error::other("NFS is away"), "NFS is away"),
            (io::Error::other("x"), "x"),
        ] {
            assert_eq!(reason(&error), expected);
        }
    }
}
