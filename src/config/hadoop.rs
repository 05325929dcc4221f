//! Which file system an `hdfs` sink means: the local disk, or one that this build cannot write to.

use std::{collections::HashMap, fs, io, path::Path};

use super::problem::{Problems, code};
use crate::diagnostic::Diagnostic;

/// Names of the property, the newer one first.
const NAMES: [&str; 2] = ["fs.defaultFS", "fs.default.name"];

/// Address of the file system, if it is not the local disk.
///
/// `divolte.global.hdfs.client` decides alone when it is set; otherwise `core-site.xml` in `HADOOP_CONF_DIR` does, as
/// in the original; without either it is the local disk.
#[must_use]
pub fn remote_file_system(
    client: Option<&[(String, String)]>,
    environment: &HashMap<String, String>,
    problems: &Problems,
) -> Option<String> {
    let address = match client {
        Some(client) => {
            NAMES.iter().find_map(|name| client.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
        }
        None => environment
            .get("HADOOP_CONF_DIR")
            .filter(|directory| !directory.is_empty())
            .and_then(|directory| site(Path::new(directory), problems)),
    };
    address.filter(|address| !address.trim().is_empty() && !address.trim().starts_with("file:"))
}

/// The file system that the site file in this directory names.
fn site(directory: &Path, problems: &Problems) -> Option<String> {
    let file = directory.join("core-site.xml");
    let wrong = |reason: &dyn std::fmt::Display| {
        let message = format!("`{}`, which `HADOOP_CONF_DIR` points to, cannot be read: {reason}", file.display());
        let hint = "it says which file system the sinks write to; unset `HADOOP_CONF_DIR` to write to the local disk";
        problems.add(Diagnostic::error(code::FILE, message).hint(hint));
    };
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let message = format!("`{}` is not there, so sinks of type `hdfs` write to the local disk", file.display());
            problems.add(Diagnostic::warning(code::NO_EFFECT, message).hint("`HADOOP_CONF_DIR` points there"));
            return None;
        }
        Err(error) => {
            wrong(&error);
            return None;
        }
    };
    let Some(properties) = properties(&text) else {
        wrong(&"it is no Hadoop configuration");
        return None;
    };
    // A later property overrides an earlier one.
    let last = |name| properties.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    NAMES.into_iter().find_map(last)
}

/// Names and values of a site file: `<property><name>…</name><value>…</value></property>`.
fn properties(text: &str) -> Option<Vec<(String, String)>> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("<!--") {
        plain.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain.contains("<configuration").then(|| {
        let blocks = plain.split("<property>").skip(1).filter_map(|block| block.split("</property>").next());
        blocks.filter_map(|block| Some((element(block, "name")?, element(block, "value")?))).collect()
    })
}

fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inside, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    Some(plain.iter().fold(inside.trim().to_owned(), |text, (entity, sign)| text.replace(entity, sign)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(name: &str, value: &str) -> String {
        format!("<property>\n <name> {name} </name>\n <value>{value}</value><final>true</final>\n</property>")
    }

    #[test]
    fn the_file_system_is_found() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let environment = HashMap::from([("HADOOP_CONF_DIR".to_owned(), directory.path().display().to_string())]);
        let client = |name: &str, value: &str| Some(vec![(name.to_owned(), value.to_owned())]);
        let site = |inside: &str| format!("<?xml version=\"1.0\"?>\n<configuration>{inside}</configuration>");
        let named = site(&property("fs.defaultFS", "hdfs://site:8020"));
        let old = site(&property("fs.default.name", "hdfs://old"));
        let hidden = site(&format!("<!-- {} -->", property("fs.defaultFS", "hdfs://no")));
        let twice = site(&(property("fs.defaultFS", "hdfs://one") + &property("fs.defaultFS", "hdfs://two?a&amp;b")));
        for (client, text, expected, told) in [
            (None, None, None, 1),
            (None, Some(named.as_str()), Some("hdfs://site:8020"), 0),
            (None, Some(&old), Some("hdfs://old"), 0),
            (None, Some(&hidden), None, 0),
            (None, Some(&twice), Some("hdfs://two?a&b"), 0),
            (None, Some("<html></html>"), None, 1),
            (client("fs.defaultFS", "file:///"), Some(&named), None, 0),
            (client("fs.defaultFS", "hdfs://n:8020"), None, Some("hdfs://n:8020"), 0),
            (client("fs.default.name", "hdfs://n"), None, Some("hdfs://n"), 0),
            (client("other", "hdfs://n"), Some(&named), None, 0),
        ] {
            let file = directory.path().join("core-site.xml");
            let _ = fs::remove_file(&file);
            if let Some(text) = text {
                fs::write(file, text).expect("a file");
            }
            let problems = Problems::new(Vec::new(), 0);
            let found = remote_file_system(client.as_deref(), &environment, &problems);
            assert_eq!(found.as_deref(), expected, "{client:?} {text:?}");
            assert_eq!(problems.into_diagnostics().len(), told, "{client:?} {text:?}");
        }
        let problems = Problems::new(Vec::new(), 0);
        assert_eq!(remote_file_system(None, &HashMap::new(), &problems), None);
    }
}
