//! The pages that say what to do.

use std::collections::BTreeSet;
use std::fs;

use xtask::project;

use super::names;

#[test]
fn every_alert_has_its_page_and_every_page_its_alert() {
    let folder = project::root().join("docs/runbooks");
    let pages: BTreeSet<String> = crate::support::files(&folder)
        .into_iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".md")?;
            (name != "README").then(|| name.to_owned())
        })
        .collect();
    assert_eq!(pages, names());
}
