//! What Artifact Hub shows of the chart beside what Helm knows: <https://artifacthub.io/docs/topics/annotations/helm>.

use serde_json::{Value, json};
use spira_manifests::{
    Release,
    document::{self, Sources},
};

use crate::render;

/// Pages of the project, by what they are called there.
const PAGES: [(&str, &str); 7] = [
    ("Source", ""),
    ("Changes", "/blob/main/CHANGELOG.md"),
    ("Upgrading", "/blob/main/docs/upgrading.md"),
    ("Security", "/blob/main/docs/security.md"),
    ("Monitoring", "/blob/main/docs/monitoring.md"),
    (
        "What is lost when pods die",
        "/blob/main/docs/reliability.md",
    ),
    ("Issues", "/issues"),
];

/// The annotations of the umbrella, for its template: links, and the images of the default values,
/// which Artifact Hub looks through for known weaknesses.
pub(super) fn context() -> Value {
    let loaded = document::load(&Sources::default()).expect("no values are right values");
    let objects = loaded
        .objects(&Release::new("spira", "spira"))
        .expect("values that were loaded are read");
    let images: Vec<Value> = render::images(&objects)
        .iter()
        .map(|image| json!({"name": name(image), "image": image}))
        .collect();
    let repository = env!("CARGO_PKG_REPOSITORY");
    let links: Vec<Value> = PAGES
        .iter()
        .map(|(name, path)| json!({"name": name, "url": format!("{repository}{path}")}))
        .collect();
    json!({ "images": images, "links": links })
}

/// The last part of an image's name, without tag and digest.
fn name(image: &str) -> &str {
    let path = image.rsplit('/').next().unwrap_or(image);
    path.split([':', '@']).next().unwrap_or(path)
}
