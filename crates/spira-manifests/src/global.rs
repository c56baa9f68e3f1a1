//! Values that cross components.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kit::{Labels, NameOverrides, Registry};

/// Values that cross components: the same in every subchart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Global {
    /// The registry of every image that does not name its own.
    pub image_registry: Option<Registry>,
    /// Labels on every object and pod.
    pub common_labels: Labels,
    /// The name that a component's objects start with, by component, instead of `<release>-<component>`.
    pub fullname_overrides: NameOverrides,
}
