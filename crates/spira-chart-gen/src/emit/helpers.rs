//! `_helpers.tpl`, and the comments of the builders.

use std::collections::BTreeMap;

use spira_manifests::refusal::CREDENTIALS;

use super::writer::{Names, Writer};
use crate::{eval::identity, tree::Entry};

/// The documentation of each public function of a source, by the sorted words of its name.
#[must_use]
pub fn comments(source: &str) -> BTreeMap<Vec<String>, String> {
    let mut found = BTreeMap::new();
    let mut doc = Vec::new();
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("/// ").or(line.strip_prefix("///")) {
            doc.push(text.to_owned());
        } else if let Some(rest) = function(line) {
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            found.insert(words(name), first_paragraph(&doc));
            doc.clear();
        } else if !line.starts_with("#[") {
            doc.clear();
        }
    }
    found
}

/// The rest of a line that opens a public function.
fn function(line: &str) -> Option<&str> {
    ["pub fn ", "pub(super) fn ", "pub(crate) fn "]
        .iter()
        .find_map(|start| line.strip_prefix(start))
}

fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = name.split(['_', '-']).map(str::to_lowercase).collect();
    words.sort();
    words
}

fn first_paragraph(doc: &[String]) -> String {
    let lines: Vec<&str> = doc
        .iter()
        .map(|line| line.trim())
        .take_while(|line| !line.is_empty())
        .collect();
    // Links and code marks of rustdoc mean nothing in a template.
    lines.join(" ").replace(['[', ']', '`'], "")
}

/// The comment at the head of an object's file: the documentation of the function that has its
/// kind, and what its file is called by, for a name.
#[must_use]
pub fn comment_for(comments: &BTreeMap<Vec<String>, String>, object: &Entry, file: &str) -> String {
    let Some((kind, _)) = identity(&object.node) else {
        return String::new();
    };
    let spaced = snake(kind);
    let suffix = file.strip_prefix(&kind.to_lowercase()).unwrap_or_default();
    let full = words(&format!("{spaced}{suffix}"));
    let doc = comments.get(&full).or_else(|| {
        let kind_words = words(&spaced);
        let mut same_kind = comments
            .iter()
            .filter(|(name, _)| kind_words.iter().all(|word| name.contains(word)));
        // Two functions of a kind: which one made this object is not known.
        match (same_kind.next(), same_kind.next()) {
            (Some((_, doc)), None) => Some(doc),
            _ => None,
        }
    });
    doc.map(|doc| comment_lines(doc)).unwrap_or_default()
}

/// `HTTPRoute` as `http_route`.
fn snake(kind: &str) -> String {
    let letters: Vec<char> = kind.chars().collect();
    let mut snake = String::new();
    for (at, c) in letters.iter().enumerate() {
        let after_lower = at > 0 && letters[at - 1].is_lowercase();
        let before_lower = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_lower || before_lower) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

fn comment_lines(doc: &str) -> String {
    const WIDTH: usize = 98;
    let mut lines: Vec<String> = Vec::new();
    for word in doc.split_whitespace() {
        match lines.last_mut() {
            Some(last) if last.len() + word.len() < WIDTH => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(format!("# {word}")),
        }
    }
    lines
        .iter()
        .map(|line| format!("{}\n", super::expr::literal(line)))
        .collect()
}

/// The helper templates that the other files include.
#[must_use]
pub fn text(writer: &Writer) -> String {
    let own = writer.component;
    let names = Names::outside();
    let mut parts = Vec::new();
    let labels: Vec<(String, String, String)> = writer
        .outline
        .labels
        .iter()
        .rev()
        .map(|shared| {
            (
                shared.name.clone(),
                shared.about.clone(),
                writer.shared_body(&shared.name, &shared.entries, &names),
            )
        })
        .collect();
    let data: Vec<(String, String, String)> = writer
        .outline
        .data
        .iter()
        .map(|shared| {
            let mut body = String::new();
            writer.entries(&shared.entries, 0, &names, &mut body);
            (shared.name.clone(), shared.about.clone(), body)
        })
        .collect();
    let lists: Vec<(String, String, String)> = writer
        .outline
        .lists
        .iter()
        .map(|shared| {
            let mut body = String::new();
            writer.entries(&shared.entries, 0, &names, &mut body);
            (shared.name.clone(), shared.about.clone(), body)
        })
        .collect();
    // The bodies above have been written by now, so all helpers that they need are known.
    let needed = writer.helpers();
    for helper in &needed {
        if let Some(component) = helper.strip_prefix("fullname ") {
            parts.push(fullname(own, component));
        }
    }
    if needed.contains("chart") {
        parts.push(define(
            &format!("{own}.chart"),
            "The chart's name and version, for the label helm.sh/chart.",
            "{{- printf \"%s-%s\" .Chart.Name .Chart.Version }}\n",
        ));
    }
    for (name, about, body) in labels {
        parts.push(define(&name, &about, &body));
    }
    if needed.contains("image") {
        parts.push(image(own));
    }
    if needed.contains("credential") {
        parts.push(credential(own));
    }
    for (name, about, body) in lists {
        parts.push(define(&name, &about, &body));
    }
    for (name, about, body) in data {
        // A body that ends in a literal block keeps its last line break: `end` must not trim it.
        parts.push(format!(
            "{{{{/* {about} */}}}}\n{{{{- define \"{name}\" -}}}}\n{body}{{{{ end }}}}\n"
        ));
    }
    for (name, body) in writer.captured() {
        parts.push(define(&name, "A list that may come out empty.", &body));
    }
    parts.join("\n")
}

fn define(name: &str, about: &str, body: &str) -> String {
    format!("{{{{/* {about} */}}}}\n{{{{- define \"{name}\" -}}}}\n{body}{{{{- end }}}}\n")
}

/// The rule of `Intrinsics::fullname` in the template language.
fn fullname(own: &str, component: &str) -> String {
    const MAX: usize = 52;
    let room = MAX - component.len() - 1;
    let name = if own == component {
        format!("{own}.fullname")
    } else {
        format!("{own}.{component}.fullname")
    };
    let about =
        format!("The name that the objects of {component} start with, cut to {MAX} characters.");
    let body = format!(
        "{{{{- $name := get (.Values.global.fullnameOverrides | default dict) \"{component}\" }}}}\n\
         {{{{- $release := regexReplaceAll \"^[0-9]\" .Release.Name \"r${{0}}\" | replace \".\" \"-\" }}}}\n\
         {{{{- $release = $release | trunc {room} | trimAll \"-\" }}}}\n\
         {{{{- $name | default (printf \"%s-{component}\" $release) }}}}\n"
    );
    define(&name, &about, &body)
}

/// The rule of `Intrinsics::image`.
fn image(own: &str) -> String {
    let body = "{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}\n\
                {{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}\n\
                {{- with .image.digest }}@{{ . }}{{ end }}\n";
    define(
        &format!("{own}.image"),
        "The reference of an image: registry, repository, tag or the chart's appVersion, digest.",
        body,
    )
}

/// The rule of `Intrinsics::credential`.
fn credential(own: &str) -> String {
    let body = "{{- $secret := lookup \"v1\" \"Secret\" .root.Release.Namespace .secret | default dict }}\n\
                {{- $live := get ($secret.data | default dict) .key | b64dec }}\n\
                {{- /* No program would read one with a line break. */}}\n\
                {{- $isBroken := contains \"\\n\" $live }}\n\
                {{- if .given }}\n\
                {{- .given }}\n\
                {{- else if and $live (not $isBroken) }}\n\
                {{- $live }}\n\
                {{- else if and .root.Values.global.secrets.generate (not $isBroken) }}\n\
                {{- /* One for the whole rendering, whoever asks first. */}}\n\
                {{- $made := printf \"made %s/%s\" .secret .key }}\n\
                {{- if not (hasKey .root.Values $made) }}{{ $_ := set .root.Values $made (randAlphaNum 32) }}{{ end }}\n\
                {{- get .root.Values $made }}\n\
                {{- else if .root.Chart.IsRoot }}\n\
                {{- fail (printf \"CREDENTIALS\\n\\n- %s\" .value) }}\n\
                {{- else }}\n\
                {{- /* The umbrella, whose templates come last, names all that are missing. */}}\n\
                {{- $missing := get .root.Values \"missing credentials\" | default list }}\n\
                {{- $_ := set .root.Values \"missing credentials\" (append $missing .value) }}\n\
                {{- end }}\n";
    define(
        &format!("{own}.credential"),
        "A credential: the given one, what the live Secret holds, else random letters and digits.",
        &body.replace("CREDENTIALS", CREDENTIALS),
    )
}
