//! `CHANGELOG.md`, read: what the latest version changes.

use std::fs;

use crate::{Error, Result, project};

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Of which kind: the heading that it stands under, as Artifact Hub spells it.
    pub kind: &'static str,
    /// What changed, as one line.
    pub text: String,
}

/// The headings of "Keep a Changelog", and Artifact Hub's words for them.
const KINDS: [(&str, &str); 6] = [
    ("### Added", "added"),
    ("### Changed", "changed"),
    ("### Deprecated", "deprecated"),
    ("### Removed", "removed"),
    ("### Fixed", "fixed"),
    ("### Security", "security"),
];

/// The text of the first section, which is that of the version under work or of the last one.
///
/// # Errors
/// If there is no changelog.
pub fn read() -> Result<String> {
    let path = project::root().join("CHANGELOG.md");
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    Ok(first(&text).to_owned())
}

fn first(text: &str) -> &str {
    let Some((_, section)) = text.split_once("\n## ") else {
        return "";
    };
    let section = section.split("\n## ").next().unwrap_or_default();
    section.split_once('\n').map_or("", |(_, text)| text.trim())
}

/// The changes of a section, in its order.
#[must_use]
pub fn entries(section: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut kind = None;
    for line in section.lines() {
        if line.starts_with('#') {
            let known = KINDS.iter().find(|(heading, _)| line.trim() == *heading);
            kind = known.map(|(_, kind)| *kind);
        } else if let (Some(kind), Some(text)) = (kind, line.strip_prefix("- ")) {
            let text = text.trim().to_owned();
            entries.push(Entry { kind, text });
        } else if let (Some(entry), Some(text)) = (entries.last_mut(), line.strip_prefix("  ")) {
            entry.text.push(' ');
            entry.text.push_str(text.trim());
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changelog\n\nWords.\n\n## Unreleased\n\n### Added\n\n- One\n  thing.\n- Two\n\n### Fixed\n\n- Three\n\n## 0.1.0\n\n### Added\n\n- Old\n";

    #[test]
    fn the_first_section_is_read() {
        let all: Vec<_> = entries(first(TEXT))
            .into_iter()
            .map(|Entry { kind, text }| (kind, text))
            .collect();
        let expected = [
            ("added", "One thing."),
            ("added", "Two"),
            ("fixed", "Three"),
        ];
        assert_eq!(all, expected.map(|(kind, text)| (kind, text.to_owned())));
        assert_eq!(first("# Changelog\n"), "");
    }

    #[test]
    fn this_projects_changelog_has_changes() {
        assert!(!entries(&read().expect("it is there")).is_empty());
    }
}
