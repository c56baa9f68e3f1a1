//! Lists every image that SPIRA pulls, each once: what to copy into a registry of one's own.
//!
//! ```console
//! $ cargo run -p spira-examples --bin images
//! $ cargo run -p spira-examples --bin images -- registry.example.org:5000
//! ```
//!
//! With a registry as the argument the images are those that `global.imageRegistry` makes of them.

use std::{collections::BTreeSet, env, error::Error};

use spira_manifests::{Object, Release, Values};

fn main() -> Result<(), Box<dyn Error>> {
    let mut values = Values::default();
    if let Some(registry) = env::args().nth(1) {
        values.global.image_registry = Some(registry.parse()?);
    }
    // A part that is off by default, and an image more.
    values.nats.nats_box.enabled = true;

    let objects = values.objects(&Release::new("spira", "voices"));
    let images: BTreeSet<&str> = objects.iter().flat_map(images_of).collect();
    for image in images {
        println!("{image}");
    }
    Ok(())
}

/// The images of a workload's containers; of any other object none, since indexing JSON with a key
/// that is not there gives null.
fn images_of(object: &Object) -> impl Iterator<Item = &str> {
    let pod = &object.as_json()["spec"]["template"]["spec"];
    ["initContainers", "containers"]
        .into_iter()
        .filter_map(|list| pod[list].as_array())
        .flatten()
        .filter_map(|container| container["image"].as_str())
}
