//! What stands around a configuration file: the script beside it, variables, the site file of Hadoop.

use std::fs;

use headwater::{
    config::{self, LoadRequest},
    diagnostic,
};

use super::{Run, directory, text};

/// Every part gets the whole input: what is no part of its language must do no harm either.
pub fn prepare() -> Run {
    let directory = directory();
    let name = |file: &str| directory.join(file);
    fs::write(name("divolte-collector.conf"), "divolte.sources.b.type = browser\n").expect("a writable directory");
    let (script, site) = (name("divolte-env.sh"), name("core-site.xml"));
    let shown = directory.display().to_string();
    Box::new(move |input| {
        fs::write(&script, input).expect("a writable directory");
        fs::write(&site, input).expect("a writable directory");
        let text = text(input);
        let first = text.split(['=', '\n']).next().unwrap_or_default();
        let variables = [
            ("DIVOLTE_CONF_DIR".to_owned(), shown.clone()),
            ("HADOOP_CONF_DIR".to_owned(), shown.clone()),
            ("DIVOLTE_JAVA_OPTS".to_owned(), format!("-Dconfig.override_with_env_vars=true {text}")),
            (format!("CONFIG_FORCE_{first}"), text.clone()),
        ];
        let request = LoadRequest { environment: variables.into(), ..LoadRequest::default() };
        match config::inspect(&request) {
            Ok(loaded) => drop(diagnostic::render(&loaded.diagnostics, false)),
            Err(diagnostics) => drop(diagnostic::render(&diagnostics, true)),
        }
    })
}
