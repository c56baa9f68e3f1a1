//! Every component of SPIRA, once.

use schemars::{JsonSchema, Schema};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, value::MapDeserializer},
};
use serde_json::Value;

use crate::{Context, Global, Intrinsics, Object};

/// One component, with its types erased: what a generator needs of it.
#[derive(Clone, Copy)]
pub struct Component {
    /// The component's name: its subchart, its section of the values, its label.
    pub name: &'static str,
    /// One sentence on what it is.
    pub description: &'static str,
    /// The version of the program it runs: its chart's `appVersion`.
    pub app_version: &'static str,
    /// The text of its builders, from which a prover takes the literals to try.
    pub source: &'static str,
    /// The JSON Schema of its values, as `schemars` derives it.
    pub schema: fn() -> Schema,
    /// Its default values.
    pub defaults: fn() -> Value,
    /// Reads values and builds the objects. What stands beside the values as `global` is the
    /// context's, and not read here.
    pub build: fn(&Context, &Value) -> Result<Vec<Object>, serde_json::Error>,
}

fn schema_of<V: JsonSchema>() -> Schema {
    schemars::schema_for!(V)
}

fn defaults_of<V: Default + Serialize>() -> Value {
    serde_json::to_value(V::default()).expect("values serialise to JSON")
}

/// Reads values where they are: a prover reads thousands of documents.
fn read<V: DeserializeOwned>(values: &Value) -> Result<V, serde_json::Error> {
    let Some(fields) = values.as_object() else {
        return V::deserialize(values);
    };
    let own = fields.iter().filter(|(key, _)| *key != "global");
    V::deserialize(MapDeserializer::new(
        own.map(|(key, value)| (key.as_str(), value)),
    ))
}

/// The component of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Component> {
    ALL.iter().find(|component| component.name == name)
}

// The list. Adding a component is adding a line here and a file beside the others: the module,
// its section of `Values` and its place in `all` come from the line. The files are all those that
// hold its builders.
macro_rules! components {
    ($($module:ident $key:literal [$($file:literal),* $(,)?])*) => {
        $(pub mod $module;)*

        /// The values of the whole of SPIRA: one section a component, and `global`.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct Values {
            /// Values that cross components.
            pub global: Global,
            $(
                #[doc = concat!("The values of `", $key, "`.")]
                #[serde(rename = $key)]
                pub $module: $module::Values,
            )*
        }

        impl Values {
            /// The objects of every component that is enabled, in the order of the list.
            #[must_use]
            pub fn objects(&self, intrinsics: &dyn Intrinsics) -> Vec<Object> {
                let mut objects = Vec::new();
                $(if self.$module.enabled {
                    objects.extend($module::objects(&Context::new(intrinsics, &self.global, $key), &self.$module));
                })*
                objects
            }
        }

        /// Every component, in the order in which a person would read about them.
        #[must_use]
        pub fn all() -> Vec<Component> {
            ALL.to_vec()
        }

        static ALL: &[Component] = &[$(Component {
            name: $key,
            description: $module::DESCRIPTION,
            app_version: $module::APP_VERSION,
            source: concat!($(include_str!($file)),*),
            schema: schema_of::<$module::Values>,
            defaults: defaults_of::<$module::Values>,
            build: |context, values| Ok($module::objects(context, &read(values)?)),
        }),*];
    };
}

components! {
    nats "nats" [
        "components/nats.rs", "components/nats/config.rs", "components/nats/faults.rs",
        "components/nats/metrics.rs", "components/nats/nats_box.rs", "components/nats/services.rs",
        "kit/chaos/schedules.rs", "kit/monitoring.rs", "kit/network.rs", "pods.rs", "wiring.rs",
    ]
    mongodb "mongodb" [
        "components/mongodb.rs", "components/mongodb/account.rs", "components/mongodb/faults.rs",
        "components/mongodb/members.rs", "components/mongodb/metrics.rs", "kit/chaos/schedules.rs",
        "kit/monitoring.rs", "kit/network.rs", "pods.rs", "wiring.rs",
    ]
    minio "minio" [
        "components/minio.rs", "components/minio/faults.rs", "components/minio/metrics.rs",
        "components/minio/pools.rs", "kit/chaos/schedules.rs", "kit/monitoring.rs",
        "kit/network.rs", "pods.rs", "wiring.rs",
    ]
    postgresql "postgresql" [
        "components/postgresql.rs", "components/postgresql/cloudnative_pg.rs",
        "components/postgresql/faults.rs", "components/postgresql/metrics.rs",
        "components/postgresql/zalando.rs", "kit/chaos/schedules.rs", "kit/monitoring.rs",
        "kit/network.rs", "pods.rs", "wiring.rs",
    ]
    mlflow "mlflow" [
        "components/mlflow.rs", "components/mlflow/faults.rs", "components/mlflow/metrics.rs",
        "kit/chaos/schedules.rs", "kit/monitoring.rs", "kit/network.rs", "pods.rs", "program.rs",
        "wiring.rs",
    ]
    bootstrap "bootstrap" [
        "components/bootstrap.rs", "kit/network.rs", "program.rs", "wiring.rs",
    ]
    api_server "api-server" [
        "components/api_server.rs", "components/api_server/config.rs",
        "components/api_server/exposure.rs", "components/api_server/faults.rs",
        "components/api_server/guard.rs", "components/api_server/metrics.rs",
        "kit/chaos/schedules.rs", "kit/monitoring.rs", "kit/network.rs", "pods.rs", "program.rs",
        "wiring.rs",
    ]
    inference_server "inference-server" [
        "components/inference_server.rs", "components/inference_server/faults.rs",
        "kit/chaos/schedules.rs", "kit/network.rs", "pods.rs", "program.rs", "wiring.rs",
    ]
    redelivery "redelivery" [
        "components/redelivery.rs", "components/redelivery/faults.rs",
        "components/redelivery/metrics.rs", "kit/chaos/schedules.rs", "kit/monitoring.rs",
        "kit/network.rs", "pods.rs", "program.rs", "wiring.rs",
    ]
    checks "checks" [
        "components/checks.rs", "components/checks/integration.rs", "kit/network.rs",
        "kit/test_hook.rs", "program.rs", "wiring.rs",
    ]
    experiment "experiment" [
        "components/experiment.rs", "components/experiment/account.rs",
        "components/experiment/config.rs", "components/experiment/settings.rs",
        "components/experiment/targets.rs", "kit/network.rs", "kit/test_hook.rs", "pods.rs",
        "program.rs", "wiring.rs",
    ]
}
