//! The key of pseudonyms: read once at start, from a file or the environment, and never shown.

use std::{collections::HashMap, fs, io::Read, os::unix::fs::PermissionsExt};

use super::{
    options::path,
    problem::{At, Problems, code},
    relative,
    settings::MapperSettings,
};
use crate::{diagnostic::Diagnostic, util::secret::Secret};

/// Shortest key in bytes; what is shorter can be guessed.
const BYTES_MIN: usize = 16;
/// Longest key in bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// Reads the key that the settings name, and reports what is wrong with it.
pub fn read(mapper: &mut MapperSettings, environment: &HashMap<String, String>, problems: &Problems) {
    let file_key = path(&["global", "mapper", "pseudonym_key_file"]);
    let variable_key = path(&["global", "mapper", "pseudonym_key_variable"]);
    let (key, at) = match (&mapper.pseudonym_key_file, &mapper.pseudonym_key_variable) {
        (None, None) => return,
        (Some(_), Some(_)) => {
            let message = "`pseudonym_key_file` and `pseudonym_key_variable` exclude each other";
            problems.report(Diagnostic::error(code::EXCLUDES, message), At::Value(&variable_key), "");
            return;
        }
        (Some(file), None) => {
            let at = At::Value(&file_key);
            let mut key = Vec::new();
            let read = fs::File::open(file).and_then(|file| {
                let mode = file.metadata()?.permissions().mode();
                file.take(BYTES_MAX + 1).read_to_end(&mut key).map(|_| mode)
            });
            match read {
                Err(error) => {
                    let message = format!("the key `{}` cannot be read: {error}", file.display());
                    problems.report(Diagnostic::error(code::ABSENT, message).hint(relative(file)), at, "");
                    return;
                }
                Ok(mode) if mode & 0o004 != 0 => {
                    let message = format!("everybody on this machine can read the key `{}`", file.display());
                    let hint = "take the right away: `chmod o-r`";
                    problems.report(Diagnostic::warning(code::USELESS, message).hint(hint), at, "");
                }
                Ok(_) => {}
            }
            let end = key.len() - key.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            key.truncate(end);
            (key, at)
        }
        (None, Some(variable)) => {
            let at = At::Value(&variable_key);
            let Some(key) = environment.get(variable) else {
                let message = format!("the variable `{variable}` of the environment is to hold a key, but is not set");
                problems.report(Diagnostic::error(code::ABSENT, message), at, "");
                return;
            };
            (key.clone().into_bytes(), at)
        }
    };
    if key.len() < BYTES_MIN || key.len() as u64 > BYTES_MAX {
        let message = format!("the key of pseudonyms must have {BYTES_MIN} to {BYTES_MAX} bytes");
        let hint = "make one: `head -c 32 /dev/urandom | base64`";
        problems.report(Diagnostic::error(code::VALUE, message).hint(hint), at, "");
        return;
    }
    mapper.pseudonym_key = Some(Secret::new(key));
}
