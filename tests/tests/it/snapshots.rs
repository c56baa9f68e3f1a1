//! The library's objects for the default values and for every example, as text that a person can read.
//!
//! To accept a change, run `cargo insta accept`, or the test with `INSTA_UPDATE=always`.

use crate::support::{self, Case};

#[test]
fn objects_of_default_values() {
    insta::assert_snapshot!("default", Case::new("").manifests().expect("rendered"));
}

#[test]
fn objects_of_examples() {
    for path in support::examples() {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        let text = std::fs::read_to_string(&path).expect("readable");
        let manifests = Case::new(text).manifests();
        let manifests = manifests.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        insta::assert_snapshot!(name, manifests);
    }
}

/// Nothing but the credential that is masked differs from one rendering to the next.
#[test]
fn two_renderings_are_the_same_text() {
    for path in support::examples() {
        let case = Case::new(std::fs::read_to_string(&path).expect("readable"));
        assert_eq!(case.manifests(), case.manifests(), "{}", path.display());
    }
}
