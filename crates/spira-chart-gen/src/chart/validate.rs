//! What the umbrella looks at before it installs: the same lists as the library has, as files of the
//! chart, and the words around them.

use serde_json::{Value, json};
use spira_manifests::{
    contradictions,
    document::UMBRELLA,
    monitored,
    refusal::{CONTRADICTIONS, CREDENTIALS, CREDENTIALS_TAIL},
    renamed::{self, RENAMED},
    upgrade::{self, STORES, Store},
};

use crate::emit::{File, Place};

/// The words of the message, for the templates.
pub(super) fn context() -> Value {
    json!({
        "renamed": renamed::HEAD,
        "contradictions": CONTRADICTIONS,
        "credentials": CREDENTIALS,
        "credentials_tail": CREDENTIALS_TAIL,
        "upgrade": upgrade::HEAD,
        "upgrade_tail": upgrade::TAIL,
        "monitoring": monitored::HEAD,
        "monitoring_tail": monitored::TAIL,
        "prometheus": monitored::API,
        "selectors": monitored::SELECTORS,
    })
}

/// The lists, of which the second says in which template each object stands.
pub(super) fn files(places: &[(&str, Vec<Place>)]) -> Vec<File> {
    let stores: Vec<Value> = STORES.iter().map(|store| entry(store, places)).collect();
    vec![
        file("renamed", &json!(RENAMED)),
        file("contradictions", &json!(contradictions::all())),
        file("stores", &json!(stores)),
    ]
}

/// A list as a file, under its own name: Helm's `fromJson` reads no list by itself.
fn file(name: &str, list: &Value) -> File {
    File {
        path: format!("{UMBRELLA}/files/{name}.json"),
        text: format!("{:#}\n", json!({ name: list })),
    }
}

fn entry(store: &Store, places: &[(&str, Vec<Place>)]) -> Value {
    let own = places.iter().filter(|(name, _)| *name == store.component);
    let mut own = own
        .flat_map(|(_, places)| places)
        .filter(|place| place.api_version == store.api_version && place.kind == store.kind);
    let place = own
        .next()
        .expect("a test of the library finds an object for every store");
    let mut entry = json!(store);
    entry["template"] = json!(format!(
        "{UMBRELLA}/charts/{}/{}",
        store.component, place.path
    ));
    entry
}
