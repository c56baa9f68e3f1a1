//! Names of releases, and more than one release at a time.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};
use xtask::helm::Helm;

use super::read;
use super::release::{Release, Worker};
use super::state::{self, Id};
use crate::support::chart;

/// As long as Helm takes names, of its letters, digits, dashes and dots.
pub const LONGEST: &str = "a23456789-123456789-123456789.123456789-123456789-123";
/// Names that YAML reads as something else, where they are not quoted.
pub const ODD: [&str; 5] = ["123", "1e3", "0x1f", "true", "null"];

/// What a second release in a namespace must leave to the first, as the documentation says: MinIO's Service is always called
/// `minio`, and the account of MongoDB's members has the name that their operator looks for.
fn second() -> Map<String, Value> {
    let page = super::page();
    let (_, rest) = page.split_once("```yaml\n").expect("an example");
    let (text, _) = rest.split_once("```").expect("its end");
    read(text)
}

/// A release of each name lives, and its name is text wherever it stands.
pub async fn odd_names(worker: &mut Worker, helm: Helm) {
    for name in ODD.into_iter().chain([LONGEST]) {
        let words = name.replace('.', "-");
        let namespace = format!("named-{}-{words}", helm.major());
        let namespace = namespace[..namespace.len().min(63)]
            .trim_end_matches('-')
            .to_owned();
        let mut release = Release::new(worker, name, &namespace, &chart()).await;
        release.helm = helm;
        release.what = format!("a release called {name}");
        if let Err(error) = live(&mut release).await {
            release.fault(error);
        }
    }
}

async fn live(release: &mut Release<'_>) -> Result<(), String> {
    let values = read("{nats: {natsBox: {enabled: true}}, experiment: {enabled: true}}");
    release.install(&values).await?;
    release.repeat(&values).await;
    let name = release.place.release.clone();
    for (id, object) in release.state.clone() {
        let labels = &object["metadata"]["labels"];
        if labels["app.kubernetes.io/instance"] != name {
            release.fault(format!("{id} is labelled {labels}"));
        }
        // Older API servers ask it of Services.
        let service = id.strip_prefix("Service/");
        if service.is_some_and(|name| name.starts_with(|first: char| first.is_ascii_digit())) {
            release.fault(format!("{id} begins with a digit"));
        }
    }
    release.uninstall()
}

/// Two releases of the same name in two namespaces do not know of each other; two in one namespace may, as far as operators
/// let them.
pub async fn two_releases(worker: &mut Worker, helm: Helm) {
    let spaces = ["this", "other"].map(|space| format!("{space}-namespace-{}", helm.major()));
    let mut states = Vec::new();
    for namespace in &spaces {
        let mut release = Release::new(worker, "spira", namespace, &chart()).await;
        release.helm = helm;
        if let Err(error) = release.install(&Map::new()).await {
            release.fault(error);
        }
        states.push(release.state.clone());
    }
    let mut release = Release::new(worker, "spira", &spaces[0], &chart()).await;
    let ids = |state: &state::State| state.keys().cloned().collect::<BTreeSet<Id>>();
    if ids(&states[0]) != ids(&states[1]) {
        release.fault("the same release has other objects in another namespace");
    }
    for (here, there) in states[0].values().zip(states[1].values()) {
        let is_credential = here["kind"] == "Secret";
        if is_credential && here["data"] == there["data"] {
            release.fault(format!("{} is the same in two namespaces", state::id(here)));
        }
        if there.to_string().contains(&format!("{}.svc", spaces[0])) {
            release.fault(format!(
                "{} speaks of the other namespace",
                state::id(there)
            ));
        }
    }
    for namespace in &spaces {
        let mut release = Release::new(release.worker, "spira", namespace, &chart()).await;
        release.helm = helm;
        if let Err(error) = release.uninstall() {
            release.fault(error);
        }
    }
    two_names(release.worker, helm, &chart()).await;
}

async fn two_names(worker: &mut Worker, helm: Helm, chart: &Path) {
    let namespace = format!("both-{}", helm.major());
    let mut one = Release::new(worker, "one", &namespace, chart).await;
    one.helm = helm;
    if let Err(error) = one.install(&Map::new()).await {
        one.fault(error);
    }
    let (first, first_objects) = (one.state.clone(), one.outcome.objects.clone());
    let mut two = Release::new(one.worker, "two", &namespace, chart).await;
    two.helm = helm;
    // Nothing is taken over in silence.
    match two.install(&Map::new()).await {
        Ok(()) => two.fault("a second release with the same account is taken"),
        Err(error) if error.contains("mongodb-database") => {}
        Err(error) => two.fault(format!("is refused for another reason: {error}")),
    }
    let values = second();
    if let Err(error) = two.install(&values).await {
        two.fault(error);
    }
    two.repeat(&values).await;
    let ids = |objects: &[Value]| objects.iter().map(state::id).collect::<BTreeSet<Id>>();
    for both in ids(&first_objects).intersection(&ids(&two.outcome.objects)) {
        two.fault(format!("both releases have {both}"));
    }
    for object in two.outcome.objects.clone() {
        let selector = &object["spec"]["selector"];
        if selector.is_object() && !is_of(&object, "two") {
            two.fault(format!("{} selects {selector}", state::id(&object)));
        }
    }
    if let Err(error) = two.uninstall() {
        two.fault(error);
    }
    let mut one = Release::new(two.worker, "one", &namespace, chart).await;
    one.helm = helm;
    one.state.clone_from(&first);
    // The end of the second leaves the first as it is.
    one.repeat(&Map::new()).await;
    if let Err(error) = one.uninstall() {
        one.fault(error);
    }
}

/// Whether what an object selects is of one release: by the label, or by a name that only its own operator gives.
fn is_of(object: &Value, release: &str) -> bool {
    let text = object["spec"]["selector"].to_string();
    text.contains(&format!("\"{release}\"")) || text.contains(&format!("\"{release}-"))
}
