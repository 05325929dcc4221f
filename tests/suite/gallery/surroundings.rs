//! Mistakes outside of the file: arguments, variables, files beside it.

use super::Case;

/// A file with nothing wrong in it.
fn fine(name: &'static str) -> Case {
    Case::new(name, "divolte.global.server.port = 9000\n")
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        fine("argument_form").set("port").set("=1"),
        fine("argument_value").set("divolte.global.server.port=abc").set("divolte.global.server.prt=2"),
        fine("argument_syntax").set("divolte.mappings.m.sources=[browser"),
        fine("odd_argument_without_root").set("server.port=1").set("global.server.port=1"),
        Case::new("variable_of_a_default", "").variable("DIVOLTE_PORT", "http"),
        Case::new("variable_in_the_file", "divolte.global.server.port = ${OWN_PORT}\n").variable("OWN_PORT", "http"),
        fine("variable_with_properties")
            .variable("DIVOLTE_JAVA_OPTS", "-Ddivolte.global.mapper.threads=x -Ddivolte.nope=1"),
        fine("variable_that_forces")
            .variable("DIVOLTE_JAVA_OPTS", "-Dconfig.override_with_env_vars=true")
            .variable("CONFIG_FORCE_divolte_global_server_prt", "1")
            .variable("CONFIG_FORCE_divolte_global_mapper_threads", "x"),
        fine("odd_variable_that_does_not_force").variable("CONFIG_FORCE_divolte_global_server_port", "1"),
        fine("odd_variable_without_a_key")
            .variable("DIVOLTE_JAVA_OPTS", "-Dconfig.override_with_env_vars=true")
            .variable("CONFIG_FORCE_divolte_____x", "1"),
        fine("odd_options_of_java")
            .variable("DIVOLTE_JAVA_OPTS", "-Xmx1g -Duser.timezone=UTC -Dlogback.configurationFile=x"),
        fine("odd_options_with_an_open_quote").variable("DIVOLTE_JAVA_OPTS", "-Xmx1g '-Ddivolte.global"),
        fine("odd_files_beside")
            .file(
                "divolte-env.sh",
                "export JAVA_HOME=/opt/java\nTZ=UTC\nif [ -n \"$X\" ]; then\n  DIVOLTE_PORT=1\nfi\n",
            )
            .file("logback.xml", "<configuration/>\n"),
        Case::new("value_from_the_script_beside", "").file("divolte-env.sh", "export DIVOLTE_PORT=http\n"),
    ]
}
