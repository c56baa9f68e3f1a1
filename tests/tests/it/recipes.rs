//! What the documentation tells to write is right: values are accepted, objects are some, and files and values that commands
//! name are there.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use spira_manifests::document::{self, yaml};
use xtask::project;

use crate::compare::agree;
use crate::support::Case;

/// A block of code in a page.
struct Block {
    page: String,
    language: String,
    text: String,
}

fn pages() -> Vec<PathBuf> {
    let root = project::root();
    let mut pages = vec![root.join("README.md")];
    for entry in fs::read_dir(root.join("docs")).expect("docs") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

fn blocks(page: &Path) -> Vec<Block> {
    let text = fs::read_to_string(page).expect("readable");
    let name = page
        .file_name()
        .expect("a file")
        .to_string_lossy()
        .into_owned();
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block {
                page: name.clone(),
                language: language.to_owned(),
                text: body.join("\n"),
            });
        }
    }
    blocks
}

fn all(language: &str) -> Vec<Block> {
    let all = pages().into_iter().flat_map(|page| blocks(&page));
    all.filter(|block| block.language == language).collect()
}

/// The values of a block: itself, or those in an object of Argo CD or Flux. None for other objects, and for the values of
/// other charts.
fn values_of(block: &Block) -> Option<Map<String, Value>> {
    let map = yaml::parse(&block.text).unwrap_or_else(|error| panic!("{}: {error}", block.page));
    if !map.contains_key("apiVersion") {
        let defaults = document::defaults();
        let is_ours = map.keys().any(|key| defaults.get(key).is_some());
        return is_ours.then_some(map);
    }
    let whole = Value::Object(map);
    assert!(
        whole["kind"].is_string() && whole["metadata"]["name"].is_string(),
        "{}: {whole}",
        block.page
    );
    let places = ["/spec/source/helm/valuesObject", "/spec/values"];
    let mut found = places
        .iter()
        .filter_map(|place| whole.pointer(place)?.as_object());
    found.next().cloned()
}

#[test]
fn values_in_the_documentation_are_right() {
    let mut count = 0;
    for block in all("yaml") {
        let Some(values) = values_of(&block) else {
            continue;
        };
        let case = Case::new(Value::Object(values).to_string());
        let objects =
            agree(&case).unwrap_or_else(|error| panic!("{}: {error}\n{}", block.page, block.text));
        assert!(objects.len() > 10, "{}", block.page);
        count += 1;
    }
    println!("{count} blocks of values");
    assert!(count > 15, "{count}");
}

#[test]
fn commands_in_the_documentation_name_what_is_there() {
    let defaults = document::defaults();
    let mut count = 0;
    for block in all("console") {
        let commands = block.text.replace("\\\n", " ");
        for line in commands.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2) {
                let is_file = matches!(pair[0], "-f" | "--values") && pair[1].contains('/');
                if is_file {
                    assert!(
                        project::root().join(pair[1]).exists(),
                        "{}: {line}",
                        block.page
                    );
                    count += 1;
                }
                let ours = line.contains("charts/spira") || line.contains("spira-chart-gen");
                if ours && matches!(pair[0], "--set" | "--set-string") {
                    let path = pair[1].split('=').next().unwrap_or_default();
                    let place = format!("/{}", path.replace('.', "/"));
                    assert!(defaults.pointer(&place).is_some(), "{}: {line}", block.page);
                    count += 1;
                }
            }
        }
    }
    println!("{count} files and values in commands");
    assert!(count > 1, "{count}");
}

#[test]
fn wrong_blocks_are_found() {
    let block = |text: &str| Block {
        page: "page".into(),
        language: "yaml".into(),
        text: text.into(),
    };
    let values = values_of(&block("nats: {replica: 3}")).expect("values");
    assert!(agree(&Case::new(Value::Object(values).to_string())).is_err());
    let object = block(
        "apiVersion: v1\nkind: Application\nmetadata: {name: a}\nspec: {source: {helm: {valuesObject: {nat: 1}}}}",
    );
    assert!(values_of(&object).expect("values").contains_key("nat"));
    assert!(values_of(&block("apiVersion: v1\nkind: Secret\nmetadata: {name: a}")).is_none());
}
