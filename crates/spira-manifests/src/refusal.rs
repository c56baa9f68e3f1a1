//! All that speaks against installing, in one message.
//!
//! The schema of the values comes first, and lists all that is wrong with single values. What is left
//! is only seen on the whole: values under old names, sections that contradict each other, credentials
//! that are nowhere, what is live and cannot change, monitors that nobody reads, APIs that the cluster lacks. [`check`] finds all of
//! it at once, and the chart says the same in the same words.

use std::fmt;

use crate::{
    Object, Release,
    document::{Loaded, Problem},
    monitored,
    preflight::{self, Lacking},
    renamed::{self, Renamed},
    upgrade,
};

/// How the part of a message about contradictions begins.
pub const CONTRADICTIONS: &str = "values contradict each other:";

/// How the part of a message about credentials begins.
pub const CREDENTIALS: &str = "credentials are missing, or have a line break in their live Secret:";

/// How it ends.
pub const CREDENTIALS_TAIL: &str =
    "Give them, name Secrets that exist, or set global.secrets.generate.";

/// All that speaks against installing: it displays as a text of several lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Refused {
    /// Values that have another name now.
    pub renamed: Vec<Renamed>,
    /// Values that contradict each other.
    pub contradictions: Vec<Problem>,
    /// The paths of credentials that are nowhere and must not be generated.
    pub credentials: Vec<String>,
    /// What of the live objects cannot change so, a line each.
    pub upgrades: Vec<String>,
    /// By what each Prometheus chooses what it reads, where none chooses this release's.
    pub unread: Vec<String>,
    /// What the cluster lacks.
    pub lacking: Option<Lacking>,
}

/// Whether the objects that were made of the values for the release can be installed. What the
/// release does not know of the cluster speaks against nothing.
///
/// # Errors
/// If something speaks against it: all that does.
pub fn check(loaded: &Loaded, release: &Release, objects: &[&Object]) -> Result<(), Refused> {
    let global = &loaded.values.global;
    let mut credentials = release.missing_credentials();
    credentials.sort();
    let upgrades = if global.upgrade_check {
        upgrade::refusals(release, objects)
    } else {
        Vec::new()
    };
    let lacking = if global.preflight {
        preflight::check(objects.iter().copied(), release.served()).err()
    } else {
        None
    };
    let refused = Refused {
        renamed: loaded.renamed.clone(),
        contradictions: loaded.contradictions.clone(),
        credentials,
        upgrades,
        unread: monitored::refusals(global, release),
        lacking,
    };
    if refused == Refused::default() {
        Ok(())
    } else {
        Err(refused)
    }
}

impl Refused {
    /// Whether other values would do, and it is not the cluster alone that speaks against it.
    #[must_use]
    pub fn is_about_values(&self) -> bool {
        !(self.renamed.is_empty() && self.contradictions.is_empty() && self.credentials.is_empty())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let renamed: Vec<_> = self.renamed.iter().map(Renamed::to_string).collect();
        let contradictions: Vec<_> = self.contradictions.iter().map(Problem::to_string).collect();
        let parts = [
            part(renamed::HEAD, &renamed, None),
            part(CONTRADICTIONS, &contradictions, None),
            part(CREDENTIALS, &self.credentials, Some(CREDENTIALS_TAIL)),
            part(upgrade::HEAD, &self.upgrades, Some(upgrade::TAIL)),
            part(monitored::HEAD, &self.unread, Some(monitored::TAIL)),
            self.lacking.as_ref().map(Lacking::to_string),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join("\n\n"))
    }
}

/// A part of the message, if it has lines.
fn part(head: &str, lines: &[String], tail: Option<&str>) -> Option<String> {
    if lines.is_empty() {
        return None;
    }
    let mut text = format!("{head}\n");
    for line in lines {
        text += &format!("\n- {line}");
    }
    if let Some(tail) = tail {
        text += &format!("\n\n{tail}");
    }
    Some(text)
}
