//! Which file system an `hdfs` sink means: the local disk, or one that this build cannot write to.

use std::{collections::HashMap, fs, path::Path};

/// Names of the property, the newer one first.
const NAMES: [&str; 2] = ["fs.defaultFS", "fs.default.name"];

/// Address of the file system, if it is not the local disk.
///
/// `divolte.global.hdfs.client` decides alone when it is set; otherwise the site files in `HADOOP_CONF_DIR` do, as in
/// the original; without either it is the local disk.
#[must_use]
pub fn remote_file_system(
    client: Option<&[(String, String)]>,
    environment: &HashMap<String, String>,
) -> Option<String> {
    let address = match client {
        Some(client) => {
            NAMES.iter().find_map(|name| client.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
        }
        None => environment.get("HADOOP_CONF_DIR").filter(|directory| !directory.is_empty()).and_then(|directory| {
            let text = fs::read_to_string(Path::new(directory).join("core-site.xml")).ok()?;
            NAMES.iter().find_map(|name| property(&text, name))
        }),
    };
    address.filter(|address| !address.trim().is_empty() && !address.trim().starts_with("file:"))
}

/// Value of a property in a site file: `<name>…</name> <value>…</value>`.
fn property(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<name>{name}</name>"))?;
    let (_, rest) = rest.split("</property>").next()?.split_once("<value>")?;
    rest.split_once("</value>").map(|(value, _)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_is_found() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let site = "<configuration><property><name>fs.defaultFS</name>\n<value>hdfs://site:8020</value></property></configuration>";
        fs::write(directory.path().join("core-site.xml"), site).expect("a file");
        let with_site = HashMap::from([("HADOOP_CONF_DIR".to_owned(), directory.path().display().to_string())]);
        let none = HashMap::new();
        let client = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        for (client, environment, expected) in [
            (None, &none, None),
            (None, &with_site, Some("hdfs://site:8020")),
            (Some(client("fs.defaultFS", "file:///")), &with_site, None),
            (Some(client("fs.defaultFS", "hdfs://n:8020")), &none, Some("hdfs://n:8020")),
            (Some(client("fs.default.name", "hdfs://n")), &none, Some("hdfs://n")),
            (Some(client("other", "hdfs://n")), &with_site, None),
        ] {
            assert_eq!(remote_file_system(client.as_deref(), environment).as_deref(), expected, "{client:?}");
        }
    }
}
