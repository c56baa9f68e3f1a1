//! What the template of the preflight says: the same as [`spira_manifests::preflight`], in one
//! message.

use serde_json::{Value, json};
use spira_manifests::{
    cr::{APIS, Api},
    preflight::{self, HEAD, KNOWN_BY, TAIL},
};

use crate::emit::Need;

/// The context of the template, from what each component needs.
pub(super) fn context(needs: &[(&str, Need)]) -> Value {
    let groups = APIS.chunk_by(|a, b| a.ways == b.ways).map(|same| {
        let apis: Vec<Value> = same.iter().map(|api| context_of(api, needs)).collect();
        json!({ "apis": apis, "ways": preflight::ways(same[0].ways) })
    });
    json!({
        "groups": groups.collect::<Vec<_>>(), "known_by": KNOWN_BY, "head": HEAD, "tail": TAIL,
    })
}

fn context_of(api: &'static Api, needs: &[(&str, Need)]) -> Value {
    let needs = needs.iter().filter(|(_, need)| need.api == api);
    let needs = needs.map(|(component, need)| {
        json!({
            "component": component,
            "opening": need.opening,
            "entry": format!("- {}", preflight::entry(api, component)),
        })
    });
    json!({ "name": api.to_string(), "needs": needs.collect::<Vec<_>>() })
}
