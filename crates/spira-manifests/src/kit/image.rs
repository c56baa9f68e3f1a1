//! Images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Digest, Registry, Repository, Tag};

/// When the kubelet pulls an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PullPolicy {
    /// At each start of a container.
    Always,
    /// When the node does not have it.
    #[default]
    IfNotPresent,
    /// Never: the node must have it.
    Never,
}

impl PullPolicy {
    /// The policy as Kubernetes spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

/// Which image a container runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Image {
    /// The registry to pull from; `global.imageRegistry` if unset, else the container runtime's default.
    pub registry: Option<Registry>,
    /// The image's repository.
    pub repository: Repository,
    /// The image's tag; the chart's `appVersion` if unset.
    pub tag: Option<Tag>,
    /// The image's digest, which pins what the tag names.
    pub digest: Option<Digest>,
    /// When the kubelet pulls it.
    pub pull_policy: PullPolicy,
}
