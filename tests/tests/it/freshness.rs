//! The committed chart is what the builders make today, and reads as a person would have written it.

use std::path::{Path, PathBuf};

use regex::Regex;
use spira_chart_gen::compile::Options;
use spira_chart_gen::prove::Effort;
use spira_chart_gen::{chart, output};
use xtask::project;

use crate::support;

#[test]
fn committed_chart_is_up_to_date() {
    let options = Options {
        effort: Some(Effort::default()),
    };
    let charts = chart::generate(&options, &|_| {}).expect("the builders can be made a chart");
    let stale = output::check(&project::root().join("charts"), &charts.files).expect("readable");
    let names: Vec<_> = stale.iter().map(ToString::to_string).collect();
    assert!(
        names.is_empty(),
        "run `cargo run -p spira-chart-gen -- generate`:\n{}",
        names.join("\n")
    );
}

/// All files below a directory.
fn below(dir: &Path) -> Vec<PathBuf> {
    let (dirs, mut files): (Vec<_>, Vec<_>) = support::files(dir)
        .into_iter()
        .partition(|path| path.is_dir());
    files.extend(dirs.iter().flat_map(|dir| below(dir)));
    files
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The chart's templates, helpers and notes among them.
fn templates() -> Vec<PathBuf> {
    let all = below(&support::chart());
    let templates = all
        .into_iter()
        .filter(|path| path.components().any(|c| c.as_os_str() == "templates"));
    let templates: Vec<_> = templates.collect();
    assert!(templates.len() > 10, "{templates:?}");
    templates
}

/// A panel of a dashboard is a line: JSON, which nobody breaks by hand. So are the few lines before them, and the name
/// of the file above.
fn is_panel(path: &Path, line: &str) -> bool {
    let line = line.trim_start();
    let is_json = [r#"{""#, r#",{""#, "\""]
        .iter()
        .any(|start| line.starts_with(start));
    let is_key = line.starts_with("{{ printf ") && line.ends_with("}}: |");
    path.ends_with("templates/configmap-dashboard.yaml") && (is_json || is_key)
}

#[test]
fn lines_are_short_and_clean() {
    let mut faults = Vec::new();
    for path in below(&support::chart()) {
        let text = text(&path);
        let is_template = path.components().any(|c| c.as_os_str() == "templates");
        assert!(
            text.ends_with('\n'),
            "{} ends without a line break",
            path.display()
        );
        for (number, line) in text.lines().enumerate() {
            let at = format!("{}:{}", path.display(), number + 1);
            if is_template
                && !is_panel(&path, line)
                && line.chars().count() > 120
                && can_be_broken(line)
            {
                faults.push(format!("{at}: {} characters", line.chars().count()));
            }
            if line.contains('\t') {
                faults.push(format!("{at}: a tab"));
            }
            if line.ends_with(' ') && is_template {
                faults.push(format!("{at}: a blank at the end"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether a line has a blank outside of its actions. Without one it is a text that must stay whole.
fn can_be_broken(line: &str) -> bool {
    let outside = line
        .trim()
        .split("{{")
        .enumerate()
        .map(|(at, part)| match at {
            0 => part,
            _ => part.split_once("}}").map_or("", |(_, rest)| rest),
        });
    outside.collect::<String>().trim().contains(' ')
}

#[test]
fn a_template_holds_one_object() {
    for path in templates() {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        let text = text(&path);
        // `kind:` at the start of a line is an object's own; those of references are indented.
        let kinds = text
            .lines()
            .filter(|line| line.starts_with("kind: "))
            .count();
        let is_object = !name.starts_with('_')
            && !matches!(name, "NOTES.txt" | "extra-objects.yaml" | "validate.yaml");
        assert_eq!(kinds, usize::from(is_object), "{}", path.display());
        if !is_object {
            continue;
        }
        // A file is named after its kind, and after a part of the component where there are several of a kind.
        let kind = text
            .lines()
            .find_map(|line| line.strip_prefix("kind: "))
            .expect("counted");
        assert!(
            name.starts_with(&kind.to_lowercase()),
            "{} holds a {kind}",
            path.display()
        );
    }
}

#[test]
fn library_holds_no_template_text() {
    let dir = project::root().join("crates/spira-manifests/src");
    let sources = below(&dir);
    assert!(sources.len() > 20, "{sources:?}");
    // Prometheus fills these in when an alert fires: they are texts to Helm.
    let filled_in = Regex::new(
        r"\{\{ (\$(labels\.[a-z_]+|value)( \| [A-Za-z]+)?|if \$labels\.[a-z_]+|else|end) \}\}",
    )
    .expect("a constant pattern");
    for path in sources {
        let text = text(&path);
        let text = filled_in.replace_all(&text, "");
        assert!(!text.contains("{{ "), "{} holds a template", path.display());
        assert!(!text.contains("{{-"), "{} holds a template", path.display());
        assert!(
            !text.contains(".Values"),
            "{} holds a template",
            path.display()
        );
    }
}
