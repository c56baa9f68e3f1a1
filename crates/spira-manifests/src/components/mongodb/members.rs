//! The members' pods: what of them differs from what the operator makes.

use k8s_openapi::{
    api::core::v1::{
        Container, PersistentVolumeClaim, PodSecurityContext, PodSpec, PodTemplateSpec,
        ResourceRequirements, TopologySpreadConstraint,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{Values, VolumeValues};
use crate::{
    Context,
    cr::mongodb::{StatefulSetOverride, StatefulSetSpecOverride},
    kit::{non_empty, security, volumes},
};

/// The user that the operator's images run as, who also owns the volumes.
const USER: i64 = 2000;

pub(super) fn restricted_pod() -> PodSecurityContext {
    PodSecurityContext {
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        fs_group: Some(USER),
        ..security::restricted_pod()
    }
}

pub(super) fn stateful_set(context: &Context, values: &Values) -> StatefulSetOverride {
    StatefulSetOverride {
        spec: StatefulSetSpecOverride {
            template: Some(PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    annotations: non_empty(&*values.pod_annotations),
                    labels: Some(context.pod_labels(&values.pod_labels)),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod(context, values)),
            }),
            volume_claim_templates: Some(vec![
                claim(context, "data-volume", &values.data),
                claim(context, "logs-volume", &values.logs),
            ]),
        },
    }
}

fn pod(context: &Context, values: &Values) -> PodSpec {
    PodSpec {
        affinity: non_empty(&values.affinity),
        // The operator names its containers so, and lays this over them by name.
        containers: vec![
            container("mongod", values, Some(&values.resources)),
            container("mongodb-agent", values, Some(&values.agent_resources)),
        ],
        enable_service_links: Some(false),
        image_pull_secrets: non_empty(&context.image_pull_secrets()),
        init_containers: Some(vec![
            container("mongod-posthook", values, None),
            container("mongodb-agent-readinessprobe", values, None),
        ]),
        node_selector: non_empty(&*values.node_selector),
        priority_class_name: values.priority_class_name.as_deref().map(str::to_owned),
        security_context: non_empty(&values.pod_security_context),
        tolerations: non_empty(&values.tolerations),
        topology_spread_constraints: Some(spread(context, values)),
        ..PodSpec::default()
    }
}

fn container(name: &str, values: &Values, resources: Option<&ResourceRequirements>) -> Container {
    Container {
        name: name.into(),
        resources: resources.and_then(non_empty),
        security_context: non_empty(&values.security_context),
        ..Container::default()
    }
}

fn spread(context: &Context, values: &Values) -> Vec<TopologySpreadConstraint> {
    if values.topology_spread_constraints.is_empty() {
        // Soft, so that a cluster with fewer nodes than members still runs them all.
        vec![TopologySpreadConstraint {
            label_selector: Some(context.selector()),
            max_skew: 1,
            topology_key: "kubernetes.io/hostname".into(),
            when_unsatisfiable: "ScheduleAnyway".into(),
            ..TopologySpreadConstraint::default()
        }]
    } else {
        values.topology_spread_constraints.clone()
    }
}

fn claim(context: &Context, name: &str, volume: &VolumeValues) -> PersistentVolumeClaim {
    let own = volume.storage_class.as_deref();
    let class = own.or(context.global.storage_class.as_deref());
    volumes::claim(name, volume.size.to_string(), class)
}
