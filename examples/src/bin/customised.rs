//! Changes one Deployment in typed code before it is printed, in a way that no value of the chart
//! offers: the API server's pods look up host names with a dot as they are written, before they try
//! the cluster's search domains. That saves failed lookups for services outside the cluster.
//!
//! ```console
//! $ cargo run -p spira-examples --bin customised
//! ```

use std::error::Error;

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{PodDNSConfig, PodDNSConfigOption},
};
use spira_manifests::{Context, Object, Release, Values, components::api_server};

fn main() -> Result<(), Box<dyn Error>> {
    let values = Values::default();
    // Each run draws another key for tokens: good enough to look at, see `manifests.rs` for more.
    let release = Release::new("spira", "voices");

    let context = Context::new(&release, &values.global, "api-server");
    let mut deployment = api_server::deployment(&context, &values.api_server);
    prefer_names_as_written(&mut deployment)?;
    let changed = Object::new(&deployment);

    for object in values.objects(&release) {
        let same = (object.kind(), object.name()) == (changed.kind(), changed.name());
        let object = if same { &changed } else { &object };
        print!("---\n{}", yaml_serde::to_string(object.as_json())?);
    }
    Ok(())
}

fn prefer_names_as_written(deployment: &mut Deployment) -> Result<(), &'static str> {
    let pod = deployment
        .spec
        .as_mut()
        .and_then(|spec| spec.template.spec.as_mut())
        .ok_or("the Deployment has no pod template")?;
    pod.dns_config = Some(PodDNSConfig {
        options: Some(vec![PodDNSConfigOption {
            name: Some("ndots".to_owned()),
            value: Some("1".to_owned()),
        }]),
        ..PodDNSConfig::default()
    });
    Ok(())
}
