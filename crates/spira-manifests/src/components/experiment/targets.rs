//! Whose pods the experiment hits and watches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Context,
    kit::{Instances, chaos::kill_name},
};

/// Whose pods are hit and watched. One that this release does not run is none: turn it off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Targets {
    /// The API server.
    pub api_server: Target,
    /// The inference server.
    pub inference_server: Target,
    /// MinIO.
    pub minio: Target,
    /// MLflow.
    pub mlflow: Target,
    /// MongoDB.
    pub mongodb: Target,
    /// NATS.
    pub nats: Target,
    /// PostgreSQL.
    pub postgresql: Target,
    /// Redelivery, which is no part of the reference. Its Schedule is `redelivery.chaos.podKill`.
    pub redelivery: Target,
}

/// A component whose pods are hit and watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Whether they are.
    pub enabled: bool,
    /// How many must be there at least, and all that are must be ready, before anything is broken.
    /// Change it together with the component's number of pods, which the experiment cannot see.
    pub pods: Instances,
}

impl Default for Targets {
    fn default() -> Self {
        let three = target(true, 3);
        Self {
            api_server: three.clone(),
            inference_server: three.clone(),
            minio: three.clone(),
            mlflow: three.clone(),
            mongodb: three.clone(),
            nats: three.clone(),
            postgresql: three,
            redelivery: target(false, 2),
        }
    }
}

fn target(enabled: bool, pods: i64) -> Target {
    Target {
        enabled,
        pods: Instances::try_from(pods).expect("in range"),
    }
}

impl Targets {
    /// Those that are on, by component.
    fn on(&self) -> Vec<(&'static str, &Target)> {
        [
            ("api-server", &self.api_server),
            ("inference-server", &self.inference_server),
            ("minio", &self.minio),
            ("mlflow", &self.mlflow),
            ("mongodb", &self.mongodb),
            ("nats", &self.nats),
            ("postgresql", &self.postgresql),
            ("redelivery", &self.redelivery),
        ]
        .into_iter()
        .filter(|(_, target)| target.enabled)
        .collect()
    }

    /// A line of JSON for each.
    #[must_use]
    pub fn lines(&self, context: &Context) -> Vec<String> {
        let line = |(component, target): (&'static str, &Target)| {
            let labels = context.pods_of(component);
            let labels: Vec<_> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let labels = labels.join(",");
            // Without blanks, at which a template's long line could be broken.
            let fields = format!("\"component\":\"{component}\",\"labels\":\"{labels}\",\"pods\":");
            ["{", &fields, &target.pods.to_string(), "}"].concat()
        };
        self.on().into_iter().map(line).collect()
    }

    /// The name of each one's Schedule, a line each.
    #[must_use]
    pub fn schedules(&self, context: &Context) -> Vec<String> {
        self.on()
            .into_iter()
            .map(|(component, _)| kill_name(&context.fullname_of(component)))
            .collect()
    }
}
