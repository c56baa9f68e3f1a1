//! What a builder knows beside its own values.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::LocalObjectReference,
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};

use crate::{
    Global, Intrinsics,
    kit::{Image, Labels},
};

/// What a builder knows beside its own values: the release, `global`, and which component it is.
///
/// Everything that one component needs of another is computed here, so that two components can
/// never disagree about a name, a port or a Secret.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    intrinsics: &'a dyn Intrinsics,
    /// The values that cross components.
    pub global: &'a Global,
    component: &'a str,
    part: &'a str,
}

impl<'a> Context<'a> {
    /// A context for the builders of `component`, such as `api-server`.
    pub fn new(intrinsics: &'a dyn Intrinsics, global: &'a Global, component: &'a str) -> Self {
        Self {
            intrinsics,
            global,
            component,
            part: component,
        }
    }

    /// The same context for another workload of the same component, such as `nats-box`: its
    /// objects and pods carry `part` as `app.kubernetes.io/component`, so selectors tell them apart.
    #[must_use]
    pub fn part(&self, part: &'a str) -> Self {
        Self { part, ..*self }
    }

    /// The component's name.
    #[must_use]
    pub fn component(&self) -> &'a str {
        self.component
    }

    /// Which of the component's workloads it is: the component itself, or a [`part`](Self::part) of it.
    #[must_use]
    pub fn workload(&self) -> &'a str {
        self.part
    }

    /// The operations that values alone cannot express.
    #[must_use]
    pub fn intrinsics(&self) -> &'a dyn Intrinsics {
        self.intrinsics
    }

    /// The name that this component's objects start with.
    #[must_use]
    pub fn fullname(&self) -> String {
        self.fullname_of(self.component)
    }

    /// The name that another component's objects start with.
    #[must_use]
    pub fn fullname_of(&self, component: &str) -> String {
        self.intrinsics
            .fullname(component, &self.global.fullname_overrides)
    }

    /// The reference of one of this component's images.
    #[must_use]
    pub fn image(&self, image: &Image) -> String {
        self.intrinsics
            .image(self.component, self.global.image_registry.as_deref(), image)
    }

    /// The labels that select this component's pods: they never change over a release's life.
    #[must_use]
    pub fn selector_labels(&self) -> BTreeMap<String, String> {
        self.labels_that_select(self.component, self.part)
    }

    /// The labels that select the pods of another component of this chart.
    #[must_use]
    pub fn selector_labels_of(&self, component: &str) -> BTreeMap<String, String> {
        self.labels_that_select(component, component)
    }

    /// The labels that select the pods of a part of a component, such as `nats-box` of `nats`.
    #[must_use]
    pub fn selector_labels_of_part(&self, component: &str, part: &str) -> BTreeMap<String, String> {
        self.labels_that_select(component, part)
    }

    fn labels_that_select(&self, component: &str, part: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("app.kubernetes.io/name".into(), component.into()),
            (
                "app.kubernetes.io/instance".into(),
                self.intrinsics.release_name(),
            ),
            ("app.kubernetes.io/component".into(), part.into()),
        ])
    }

    /// The labels of every object of this component, `global.commonLabels` among them.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        self.labels_and(&[&self.global.common_labels])
    }

    /// The labels of an object that others find by labels of its own, which go before
    /// `global.commonLabels`.
    #[must_use]
    pub fn labels_with(&self, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        self.labels_and(&[&self.global.common_labels, own])
    }

    fn labels_and(&self, users: &[&BTreeMap<String, String>]) -> BTreeMap<String, String> {
        let mut labels = self.selector_labels();
        labels.insert(
            "app.kubernetes.io/version".into(),
            self.intrinsics.app_version(self.component),
        );
        labels.insert("app.kubernetes.io/managed-by".into(), "Helm".into());
        labels.insert("app.kubernetes.io/part-of".into(), "spira".into());
        labels.insert(
            "helm.sh/chart".into(),
            self.intrinsics.chart_label(self.component),
        );
        labels.extend(self.intrinsics.merged(users));
        labels
    }

    /// The labels of a pod of this component: those that select it, `global.commonLabels`, and
    /// the user's own. No version is among them, so that an upgrade which changes nothing else
    /// leaves the pods alone.
    #[must_use]
    pub fn pod_labels(&self, own: &Labels) -> BTreeMap<String, String> {
        let mut labels = self.selector_labels();
        labels.extend(self.intrinsics.merged(&[&self.global.common_labels, own]));
        labels
    }

    /// The Secrets that pods pull their images with.
    #[must_use]
    pub fn image_pull_secrets(&self) -> Vec<LocalObjectReference> {
        self.global
            .image_pull_secrets
            .iter()
            .map(|name| LocalObjectReference {
                name: name.to_string(),
            })
            .collect()
    }

    /// The selector of this component's pods.
    #[must_use]
    pub fn selector(&self) -> LabelSelector {
        LabelSelector {
            match_labels: Some(self.selector_labels()),
            ..LabelSelector::default()
        }
    }

    /// The metadata of an object called `name`, in the release's namespace, with the labels of
    /// this component.
    #[must_use]
    pub fn meta(&self, name: impl Into<String>) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.into()),
            namespace: Some(self.intrinsics.namespace()),
            labels: Some(self.labels()),
            ..ObjectMeta::default()
        }
    }

    /// The metadata of a Secret with a credential that may have been generated: with
    /// `global.secrets.keep` it stays when the release goes, since data may depend on it.
    #[must_use]
    pub fn secret_meta(&self, name: impl Into<String>) -> ObjectMeta {
        ObjectMeta {
            annotations: self.global.secrets.keep.then(|| {
                BTreeMap::from([("helm.sh/resource-policy".to_owned(), "keep".to_owned())])
            }),
            ..self.meta(name)
        }
    }
}
