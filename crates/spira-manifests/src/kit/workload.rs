//! The knobs that every workload has, and how they reach a pod.
//!
//! Users expect these knobs at the top of a component's section (`nats.resources`), and serde
//! cannot flatten a struct into one that refuses unknown keys. So [`workload_values!`] writes the
//! fields into each `Values`, from the one list below, and [`Workload`] carries them to
//! [`Workload::pod`]. Another knob for all workloads is a line in the list, its default in
//! [`Workload::new`], and its use in [`Workload::pod`]: all in this file.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{
        Affinity, Container, EnvFromSource, EnvVar, PodSpec, PodTemplateSpec, ResourceRequirements,
        Toleration, TopologySpreadConstraint, Volume, VolumeMount,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{
    Annotations, Image, Labels, Repository, Seconds, ServiceAccountValues, Tag, non_empty, security,
};
use crate::{Context, Object};

// The list of knobs, once. It hands the list to the macro named by the path, after its input.
macro_rules! knobs {
    (($($callback:tt)*) $input:tt) => {
        $($callback)*! { $input {
            /// The image of the container.
            image: $crate::kit::Image,
            /// CPU and memory that the container is given and may use; the defaults are modest guesses to be tuned by measuring.
            resources: ::k8s_openapi::api::core::v1::ResourceRequirements,
            /// Labels that a node must have to run the pods.
            node_selector: $crate::kit::NodeSelector,
            /// Taints of nodes that the pods bear.
            tolerations: Vec<::k8s_openapi::api::core::v1::Toleration>,
            /// Rules on which nodes, and beside which pods, the pods run.
            affinity: ::k8s_openapi::api::core::v1::Affinity,
            /// How the pods spread over the cluster; empty, over nodes, as far as there is room.
            topology_spread_constraints: Vec<::k8s_openapi::api::core::v1::TopologySpreadConstraint>,
            /// The priority class of the pods.
            priority_class_name: Option<$crate::kit::ObjectName>,
            /// More annotations on the pods.
            pod_annotations: $crate::kit::Annotations,
            /// More labels on the pods.
            pod_labels: $crate::kit::Labels,
            /// More environment variables; their names must differ from those that the chart sets.
            extra_env: Vec<::k8s_openapi::api::core::v1::EnvVar>,
            /// More sources of environment variables.
            extra_env_from: Vec<::k8s_openapi::api::core::v1::EnvFromSource>,
            /// More volumes; their names must differ from those that the chart sets.
            extra_volumes: Vec<::k8s_openapi::api::core::v1::Volume>,
            /// More mounts in the container; their paths must differ from those that the chart sets.
            extra_volume_mounts: Vec<::k8s_openapi::api::core::v1::VolumeMount>,
            /// More containers beside the main one.
            extra_containers: Vec<::k8s_openapi::api::core::v1::Container>,
            /// More containers that run to their end before the main one starts, after the chart's own.
            init_containers: Vec<::k8s_openapi::api::core::v1::Container>,
            /// The security context of the pods; the default fits the Pod Security Standard `restricted`.
            pod_security_context: ::k8s_openapi::api::core::v1::PodSecurityContext,
            /// The security context of the containers; the default fits the Pod Security Standard `restricted`.
            security_context: ::k8s_openapi::api::core::v1::SecurityContext,
            /// The account that the pods run under.
            service_account: $crate::kit::ServiceAccountValues,
            /// Seconds that a pod may take to stop before it is killed.
            termination_grace_period_seconds: $crate::kit::Seconds,
            /// More objects to install, as they are; each has an `apiVersion`, a `kind` and a `metadata.name`.
            extra_objects: Vec<$crate::kit::ExtraObject>,
        } }
    };
}

// `Values` with a component's own fields, each `pub name: type = default`, then every knob; the
// expression after `with` is the `Workload` that holds the knobs' defaults.
macro_rules! workload_values {
    ($($input:tt)*) => {
        $crate::kit::knobs! { ($crate::kit::struct_with_knobs) { $($input)* } }
    };
}

macro_rules! struct_with_knobs {
    (
        {
            $(#[$meta:meta])*
            pub struct $name:ident { $($(#[$own_meta:meta])* pub $own:ident: $own_type:ty = $own_default:expr,)* }
            with $workload:expr;
        }
        { $($(#[$knob_meta:meta])* $knob:ident: $knob_type:ty,)* }
    ) => {
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        $(#[$meta])*
        pub struct $name {
            $($(#[$own_meta])* pub $own: $own_type,)*
            $($(#[$knob_meta])* pub $knob: $knob_type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                let workload: $crate::kit::Workload = $workload;
                Self { $($own: $own_default,)* $($knob: workload.$knob,)* }
            }
        }

        impl $name {
            /// The knobs that every workload has.
            #[must_use]
            pub fn workload(&self) -> $crate::kit::Workload {
                $crate::kit::Workload { $($knob: self.$knob.clone(),)* }
            }
        }
    };
}

macro_rules! workload_struct {
    ({} { $($(#[$meta:meta])* $knob:ident: $type:ty,)* }) => {
        /// The knobs that every workload has.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Workload {
            $($(#[$meta])* pub $knob: $type,)*
        }
    };
}

pub(crate) use {knobs, struct_with_knobs, workload_values};

knobs! { (workload_struct) {} }

/// What a component itself puts into a pod, before the knobs.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Annotations, such as checksums of what the pod reads at its start.
    pub annotations: BTreeMap<String, String>,
    /// The main container.
    pub container: Container,
    /// Containers that run before it, from the same image.
    pub init_containers: Vec<Container>,
    /// Containers beside the main one, with images of their own.
    pub more_containers: Vec<Container>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// What becomes of a container that ends; unset, it is started again.
    pub restart_policy: Option<&'static str>,
    /// Whether the pod's containers share one process namespace, in which none of them is process 1.
    pub share_process_namespace: bool,
}

impl Workload {
    /// Knobs for pods of the image `repository:tag`, as restricted as can be.
    ///
    /// # Panics
    /// When a constant of the caller is not a valid repository or tag.
    #[must_use]
    pub fn new(repository: &str, tag: Option<&str>) -> Self {
        let valid = "a component's default is a constant that its tests read";
        Self {
            image: Image {
                registry: None,
                repository: repository.parse::<Repository>().expect(valid),
                tag: tag.map(|tag| tag.parse::<Tag>().expect(valid)),
                digest: None,
                pull_policy: super::PullPolicy::IfNotPresent,
            },
            resources: ResourceRequirements::default(),
            node_selector: super::NodeSelector::default(),
            tolerations: Vec::<Toleration>::new(),
            affinity: Affinity::default(),
            topology_spread_constraints: Vec::new(),
            priority_class_name: None,
            pod_annotations: Annotations::default(),
            pod_labels: Labels::default(),
            extra_env: Vec::<EnvVar>::new(),
            extra_env_from: Vec::<EnvFromSource>::new(),
            extra_volumes: Vec::new(),
            extra_volume_mounts: Vec::<VolumeMount>::new(),
            extra_containers: Vec::new(),
            init_containers: Vec::new(),
            pod_security_context: security::restricted_pod(),
            security_context: security::restricted_container(),
            service_account: ServiceAccountValues::default(),
            termination_grace_period_seconds: Seconds::try_from(30).expect(valid),
            extra_objects: Vec::new(),
        }
    }

    /// The pod of a workload whose objects are called `name`: the component's own part, and the
    /// knobs on top of it.
    #[must_use]
    pub fn pod(&self, context: &Context, name: &str, own: Own) -> PodTemplateSpec {
        let mut annotations = own.annotations;
        annotations.extend(context.intrinsics().merged(&[&self.pod_annotations]));
        PodTemplateSpec {
            metadata: Some(ObjectMeta {
                annotations: non_empty(&annotations),
                labels: Some(context.pod_labels(&self.pod_labels)),
                ..ObjectMeta::default()
            }),
            spec: Some(PodSpec {
                affinity: non_empty(&self.affinity),
                automount_service_account_token: Some(
                    self.service_account.automount_service_account_token,
                ),
                containers: self.containers(context, own.container, own.more_containers),
                // A Service called `mlflow` would set MLFLOW_PORT=tcp://…, which programs misread.
                enable_service_links: Some(false),
                image_pull_secrets: non_empty(&context.image_pull_secrets()),
                init_containers: non_empty(&self.init_containers(context, own.init_containers)),
                node_selector: non_empty(&*self.node_selector),
                priority_class_name: self.priority_class_name.as_deref().map(str::to_owned),
                restart_policy: own.restart_policy.map(str::to_owned),
                security_context: non_empty(&self.pod_security_context),
                service_account_name: Some(self.service_account.name(name)),
                share_process_namespace: own.share_process_namespace.then_some(true),
                termination_grace_period_seconds: Some(
                    self.termination_grace_period_seconds.into(),
                ),
                tolerations: non_empty(&self.tolerations),
                topology_spread_constraints: Some(self.spread(context)),
                volumes: non_empty(&appended(own.volumes, &self.extra_volumes)),
                ..PodSpec::default()
            }),
        }
    }

    fn containers(
        &self,
        context: &Context,
        own: Container,
        more: Vec<Container>,
    ) -> Vec<Container> {
        let main = Container {
            env: non_empty(&appended(own.env.unwrap_or_default(), &self.extra_env)),
            env_from: non_empty(&appended(
                own.env_from.unwrap_or_default(),
                &self.extra_env_from,
            )),
            volume_mounts: non_empty(&appended(
                own.volume_mounts.unwrap_or_default(),
                &self.extra_volume_mounts,
            )),
            ..own
        };
        let mut containers = vec![self.with_image(context, main)];
        containers.extend(more.into_iter().map(|container| Container {
            security_context: non_empty(&self.security_context),
            ..container
        }));
        appended(containers, &self.extra_containers)
    }

    fn init_containers(&self, context: &Context, own: Vec<Container>) -> Vec<Container> {
        let own = own
            .into_iter()
            .map(|container| self.with_image(context, container))
            .collect();
        appended(own, &self.init_containers)
    }

    fn with_image(&self, context: &Context, container: Container) -> Container {
        Container {
            image: Some(context.image(&self.image)),
            image_pull_policy: Some(self.image.pull_policy.as_str().into()),
            resources: non_empty(&self.resources),
            security_context: non_empty(&self.security_context),
            ..container
        }
    }

    fn spread(&self, context: &Context) -> Vec<TopologySpreadConstraint> {
        if self.topology_spread_constraints.is_empty() {
            // Soft, so that a cluster with fewer nodes than pods still runs them all.
            vec![TopologySpreadConstraint {
                label_selector: Some(context.selector()),
                max_skew: 1,
                topology_key: "kubernetes.io/hostname".into(),
                when_unsatisfiable: "ScheduleAnyway".into(),
                ..TopologySpreadConstraint::default()
            }]
        } else {
            self.topology_spread_constraints.clone()
        }
    }

    /// The user's own objects, as they are.
    pub fn extra_objects(&self) -> impl Iterator<Item = Object> + '_ {
        self.extra_objects.iter().map(super::ExtraObject::to_object)
    }
}

/// The component's own items, then the user's.
fn appended<T: Clone>(mut own: Vec<T>, users: &[T]) -> Vec<T> {
    own.extend_from_slice(users);
    own
}
