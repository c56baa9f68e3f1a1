//! The wiring of the components, as a graph in the DOT language.

use std::{collections::BTreeSet, fmt::Write};

use layout::{
    backends::svg::SVGWriter,
    gv::{DotParser, GraphBuilder},
};
use spira_manifests::components;

use crate::{Refusal, uses};

const CONNECTIONS: &str = "global.connections.";

/// Who reaches whom, found in what the builders use of `global.connections`. Services that are no
/// component of this chart have a dashed frame.
///
/// # Errors
/// If a component cannot be compiled.
pub fn dot(tell: &dyn Fn(&str)) -> Result<String, Refusal> {
    let all = components::all();
    let names: BTreeSet<_> = all
        .iter()
        .map(|component| component.name.to_owned())
        .collect();
    let mut edges = BTreeSet::new();
    for component in &all {
        tell(component.name);
        for used in uses::of_component(component)? {
            let target = used.value.strip_prefix(CONNECTIONS);
            let target = target.and_then(|path| path.split('.').next()).map(kebab);
            if let Some(target) = target.filter(|target| target != component.name) {
                edges.insert((component.name.to_owned(), target));
            }
        }
    }
    let mut text = String::from("digraph spira {\n  rankdir=LR;\n  node [shape=box];\n");
    for name in &names {
        let _ = writeln!(text, "  \"{name}\";");
    }
    let outside: BTreeSet<_> = edges.iter().map(|(_, to)| to).collect();
    for name in outside.into_iter().filter(|name| !names.contains(*name)) {
        let _ = writeln!(text, "  \"{name}\" [style=dashed];");
    }
    for (from, to) in &edges {
        let _ = writeln!(text, "  \"{from}\" -> \"{to}\";");
    }
    text.push_str("}\n");
    Ok(text)
}

/// A graph in the DOT language as a picture.
///
/// # Errors
/// If the text is no graph: a defect of [`dot`].
pub fn svg(dot: &str) -> Result<String, NoGraph> {
    let mut parser = DotParser::new(dot);
    let graph = parser.process().map_err(NoGraph)?;
    let mut builder = GraphBuilder::new();
    builder.visit_graph(&graph);
    let mut writer = SVGWriter::new();
    builder.get().do_it(false, false, false, &mut writer);
    Ok(writer.finalize())
}

/// A text that is no graph in the DOT language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the graph cannot be drawn: {0}")]
pub struct NoGraph(String);

/// `objectStore` as components are spelt: `object-store`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    // A connection is called by what it is, a component by what does it.
    if text == "object-store" {
        return "minio".to_owned();
    }
    text
}
