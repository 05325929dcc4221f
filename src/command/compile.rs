//! Schemas and scripts of the configured mappings: read, compiled, shared.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    config::{
        self, LoadRequest, Loaded, Settings, code,
        settings::{DigestReuse, MappingSettings, TableSettings},
    },
    diagnostic::{Diagnostic, SourceText},
    mapping::{self, Extras, KnownTable, Mapping, MappingOptions, Surroundings, builtin},
    record::schema::RecordSchema,
    util::reason::reason,
};

/// A configuration, looked at as far as it goes.
#[derive(Debug)]
pub struct Examined {
    /// The settings; nothing when the texts cannot be read at all.
    pub settings: Option<Settings>,
    /// The mappings in the order of the configuration; only those that compile.
    pub mappings: Vec<Mapping>,
    /// Everything that is wrong, then everything that is odd, of the configuration and of its schemas and scripts.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads a configuration and compiles its mappings, so that everything that is wrong is found in one run.
#[must_use]
pub fn examine(request: &LoadRequest) -> Examined {
    let Loaded { settings, mut diagnostics } = match config::inspect(request) {
        Ok(loaded) => loaded,
        Err(diagnostics) => return Examined { settings: None, mappings: Vec::new(), diagnostics },
    };
    let wrong = diagnostics.iter().any(Diagnostic::is_error);
    let (mappings, told) = match mappings(&settings, &tables(&settings)) {
        Ok((mappings, odd)) => (mappings, odd),
        Err(wrong) => (Vec::new(), wrong),
    };
    // That a file is not there was told with its place.
    diagnostics.extend(told.into_iter().filter(|diagnostic| !wrong || diagnostic.code != code::FILE));
    diagnostics.sort_by_key(|diagnostic| !diagnostic.is_error());
    Examined { settings: Some(settings), mappings, diagnostics }
}

/// Loads a configuration and compiles its mappings. Warnings of both come with the settings.
///
/// # Errors
/// Everything that is wrong with the configuration, its schemas and its scripts, the warnings behind.
pub fn load(request: &LoadRequest) -> Result<(Settings, Vec<Mapping>), Vec<Diagnostic>> {
    let Examined { settings, mappings, diagnostics } = examine(request);
    match settings {
        Some(settings) if !diagnostics.iter().any(Diagnostic::is_error) => {
            Ok((Settings { warnings: diagnostics, ..settings }, mappings))
        }
        _ => Err(diagnostics),
    }
}

/// What scripts may learn of the tables that were read with the settings.
#[must_use]
pub fn tables(settings: &Settings) -> Arc<[KnownTable]> {
    let known = |table: &TableSettings| KnownTable {
        name: table.name.clone(),
        columns: table.table.as_ref().map(|table| table.columns()),
    };
    settings.tables.iter().map(known).collect()
}

/// Compiles every mapping, in the order of the configuration. Mappings with the same schema file share the schema.
///
/// # Errors
/// Everything that is wrong with any of the files.
pub fn mappings(
    settings: &Settings,
    tables: &Arc<[KnownTable]>,
) -> Result<(Vec<Mapping>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut schemas = HashMap::new();
    let (mut compiled, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for mapping in &settings.mappings {
        let script = script(mapping);
        let schema =
            schemas.entry(mapping.schema_file.clone()).or_insert_with(|| schema(mapping.schema_file.as_deref()));
        let (Ok(script), Ok(schema)) = (&script, &*schema) else {
            errors.extend(script.err());
            errors.extend(schema.as_ref().err().cloned());
            continue;
        };
        match mapping::compile(options(settings, mapping, tables), script, schema) {
            Ok((mapping, odd)) => {
                compiled.push(mapping);
                warnings.extend(odd);
            }
            Err(wrong) => errors.extend(wrong),
        }
    }
    if errors.is_empty() { Ok((compiled, warnings)) } else { Err(errors) }
}

/// Script and schema of a mapping as they stand.
///
/// # Errors
/// A file cannot be read.
pub fn texts(mapping: &MappingSettings) -> Result<(Arc<SourceText>, Arc<SourceText>), Diagnostic> {
    Ok((script(mapping)?, schema_text(mapping.schema_file.as_deref())?))
}

/// Compiles a mapping of these texts in the place of its files.
///
/// # Errors
/// Everything that is wrong with either.
pub fn draft(
    settings: &Settings,
    mapping: &MappingSettings,
    tables: &Arc<[KnownTable]>,
    (script, schema): (&Arc<SourceText>, &Arc<SourceText>),
) -> Result<(Mapping, Vec<Diagnostic>), Vec<Diagnostic>> {
    let schema = parsed(schema).map_err(|error| vec![error])?;
    mapping::compile(options(settings, mapping, tables), script, &schema)
}

fn options(settings: &Settings, mapping: &MappingSettings, tables: &Arc<[KnownTable]>) -> MappingOptions {
    MappingOptions {
        name: mapping.name.clone(),
        sources: mapping.sources.clone(),
        discard_corrupted: mapping.discard_corrupted,
        discard_duplicates: mapping.discard_duplicates,
        digests_use_up: settings.mapper.digest_reuse == DigestReuse::Original,
        extras: Extras {
            full_digest_keys: settings.mapper.full_digest_keys,
            own_hosts: settings.mapper.own_hosts.clone(),
            pseudonym_key: settings.mapper.pseudonym_key.clone(),
        },
        surroundings: surroundings(settings, tables),
    }
}

/// What scripts may learn of this process.
fn surroundings(settings: &Settings, tables: &Arc<[KnownTable]>) -> Surroundings {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Surroundings {
        environment: |name| std::env::var(name).ok(),
        has_places: !settings.mapper.geo_databases.is_empty(),
        has_key: settings.mapper.pseudonym_key.is_some(),
        tables: Arc::clone(tables),
        now_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
    }
}

fn read(file: &Path) -> Result<Arc<SourceText>, Diagnostic> {
    let name = file.display().to_string();
    match fs::read_to_string(file) {
        Ok(text) => Ok(Arc::new(SourceText { name, text })),
        Err(error) => Err(Diagnostic::error(code::FILE, format!("file `{name}` cannot be read: {}", reason(&error)))),
    }
}

fn script(mapping: &MappingSettings) -> Result<Arc<SourceText>, Diagnostic> {
    mapping.mapping_script_file.as_deref().map_or_else(|| Ok(builtin::script()), read)
}

/// Reads a schema; the built-in one if no file is named.
pub(super) fn schema(file: Option<&Path>) -> Result<Arc<RecordSchema>, Diagnostic> {
    parsed(&schema_text(file)?)
}

fn schema_text(file: Option<&Path>) -> Result<Arc<SourceText>, Diagnostic> {
    let built_in = || SourceText { name: "built-in schema".to_owned(), text: builtin::schema_text().to_owned() };
    file.map_or_else(|| Ok(Arc::new(built_in())), read)
}

fn parsed(source: &Arc<SourceText>) -> Result<Arc<RecordSchema>, Diagnostic> {
    RecordSchema::parse(&source.text).map(Arc::new).map_err(|error| {
        let diagnostic =
            Diagnostic::error(code::SCHEMA, format!("schema `{}` cannot be used: {}", source.name, error.message));
        match error.position {
            Some(position) => diagnostic.at(source, position.offset..position.offset, ""),
            None => diagnostic,
        }
    })
}

/// Paths of the files that the mappings are made of, for messages.
#[must_use]
pub fn files(mapping: &MappingSettings) -> (String, String) {
    let show = |file: &Option<PathBuf>| file.as_ref().map_or("built in".to_owned(), |file| file.display().to_string());
    (show(&mapping.schema_file), show(&mapping.mapping_script_file))
}
