//! What values alone cannot express.
//!
//! A builder is plain Rust over its `Values`. The few things that only a release knows, or that
//! need arithmetic or string surgery, are asked of an [`Intrinsics`]: a small closed set, each
//! with one rule here ([`Release`](crate::Release)) and one rule in the chart's helper templates.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;

use crate::kit::Image;

/// The closed set of operations that a builder may use beyond passing values on.
///
/// [`Release`](crate::Release) implements it for rendering; `spira-chart-gen` implements it once
/// more to see which operation a position of the output stands for.
pub trait Intrinsics {
    /// The name of the release, such as `spira`.
    fn release_name(&self) -> String;

    /// The namespace that the release is installed into.
    fn namespace(&self) -> String;

    /// The value of the label `helm.sh/chart` for a component: chart name, dash, chart version.
    fn chart_label(&self, component: &str) -> String;

    /// The version of the program that the component runs: its chart's `appVersion`.
    fn app_version(&self, component: &str) -> String;

    /// The name that all objects of a component start with, at most 52 characters long.
    ///
    /// It is the component's entry in `overrides`, else `<release>-<component>` where the
    /// release's part has its dots replaced by dashes, an `r` before a digit at its start (names of
    /// Services begin with a letter), and is cut so that the whole fits. 52 is
    /// what a `StatefulSet` or `CronJob` may be called so that the labels which Kubernetes derives
    /// from it stay within 63; suffixes of up to 11 characters fit everywhere else.
    fn fullname(&self, component: &str, overrides: &BTreeMap<String, String>) -> String;

    /// The reference of an image: `[registry/]repository[:tag][@digest]`.
    ///
    /// The image's own registry goes before `default_registry`; without a tag the component's
    /// [`app_version`](Self::app_version) is the tag.
    fn image(&self, component: &str, default_registry: Option<&str>, image: &Image) -> String;

    /// The SHA-256 of a `ConfigMap`'s `data` (or a Secret's `stringData`), in lower-case hex.
    ///
    /// `object` is `Kind/name` of the object, which the same component must also return.
    fn checksum(&self, object: &str, data: &BTreeMap<String, String>) -> String;

    /// Eight hex digits for the name of a component's one Job: others for each revision of the
    /// release, and for each other `template`.
    ///
    /// A Job runs once and its template cannot be changed. Under a name that ends so, each upgrade
    /// brings a new Job and removes the last one, also where something that is not Helm applies
    /// what Helm renders and the revision is always 1. `template` is that of the Job which the
    /// component returns; it cannot hold the digits itself.
    fn job_suffix(&self, template: &PodTemplateSpec) -> String;

    /// The SHA-256 of a text, in lower-case hex.
    fn sha256(&self, text: &str) -> String;

    /// The first eight digits of [`sha256`](Self::sha256): for names that have no room for what they
    /// stand for.
    fn short_sha256(&self, text: &str) -> String;

    /// The items of a list of values, joined by `separator`.
    fn join(&self, items: &[String], separator: &str) -> String;

    /// The ordinals `0` to `replicas - 1` of a `StatefulSet`'s pods, as text.
    fn ordinals(&self, replicas: i32) -> Vec<String>;

    /// One map from several maps of values; for a key in more than one, the last map wins.
    fn merged(&self, maps: &[&BTreeMap<String, String>]) -> BTreeMap<String, String>;

    /// A credential: `given` if there is one, else what the live Secret `secret` holds under
    /// `key`, else 32 random letters and digits.
    ///
    /// Where `generate` is false and neither is there, rendering fails with a message that names
    /// `value`, the path that would have given it. So it does where the live Secret's has a line
    /// break, since credentials are put into lines of configuration.
    fn credential(
        &self,
        secret: &str,
        key: &str,
        given: Option<&str>,
        generate: bool,
        value: &str,
    ) -> String;
}
