//! Included files of properties, as if their lines stood in the text that includes them.
//!
//! The parser keeps what it reads of such a file apart from what the text sets: a key that follows below the same root
//! would replace all of it, and hide the defaults with it.

use std::path::Path;

use ::hocon::{
    HoconValue,
    parser::{AstField, AstNode, Pos},
    resolver,
};

use super::{Fault, InternalResolveOptions};

/// Puts the values of each file of properties before its include, at any depth of `tree`.
///
/// # Errors
/// The file cannot be read or is not one of properties.
pub fn spread(tree: &mut AstNode, options: &InternalResolveOptions) -> Result<(), Fault> {
    match tree {
        AstNode::Object { fields, .. } => {
            for mut field in std::mem::take(fields) {
                if let AstNode::Include { path, is_file, .. } = &field.value {
                    fields.extend(properties(path, *is_file, &field, options)?);
                } else {
                    spread(&mut field.value, options)?;
                }
                fields.push(field);
            }
        }
        AstNode::Array { items: nodes, .. } | AstNode::Concat { nodes, .. } => {
            nodes.iter_mut().try_for_each(|node| spread(node, options))?;
        }
        _ => {}
    }
    Ok(())
}

/// What an include at `field` gets from a file of properties.
fn properties(
    path: &str,
    is_file: bool,
    field: &AstField,
    options: &InternalResolveOptions,
) -> Result<Vec<AstField>, Fault> {
    let path = match Path::new(path).extension() {
        None => format!("{path}.properties"),
        Some(extension) if extension == "properties" => path.to_owned(),
        Some(_) => return Ok(Vec::new()),
    };
    let pos = field.pos.clone();
    // One that is missing is told, if at all, when the include itself is read.
    let value = AstNode::Include { path, required: false, is_file, pos: pos.clone() };
    let include = AstNode::Object { fields: vec![AstField { value, ..field.clone() }], pos: pos.clone() };
    match resolver::resolve_tree(resolver::build_tree(include, options)?, options)? {
        HoconValue::Object(members) => Ok(members.into_iter().map(|(key, value)| member(key, value, &pos)).collect()),
        _ => Ok(Vec::new()),
    }
}

fn member(key: String, value: HoconValue, pos: &Pos) -> AstField {
    AstField { key: vec![key], value: node(value, pos), append: false, pos: pos.clone() }
}

fn node(value: HoconValue, pos: &Pos) -> AstNode {
    let pos = pos.clone();
    match value {
        HoconValue::Object(members) => {
            let fields = members.into_iter().map(|(key, value)| member(key, value, &pos)).collect();
            AstNode::Object { fields, pos }
        }
        HoconValue::Scalar(value) => AstNode::Scalar { value, pos, separator: false },
        // Such a file has neither lists nor substitutions.
        _ => AstNode::Array { items: Vec::new(), pos },
    }
}
