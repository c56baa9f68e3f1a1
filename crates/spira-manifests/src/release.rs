//! The facts of one release, and the rules of the [`Intrinsics`] in Rust.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use k8s_openapi::api::core::v1::PodTemplateSpec;
use rand::distr::{Alphanumeric, SampleString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Intrinsics, components, kit::Image};

/// The longest name that a component's objects may start with.
const MAX_FULLNAME: usize = 52;

/// One release: what Helm knows only when it installs.
#[derive(Clone, Debug)]
pub struct Release {
    name: String,
    namespace: String,
    revision: u32,
    served: BTreeSet<String>,
    live: BTreeMap<(String, String), String>,
    live_objects: Vec<Value>,
    generate: Generate,
    generated: RefCell<BTreeMap<(String, String), String>>,
    missing: RefCell<Vec<String>>,
}

/// Makes the credential for a Secret's name and a key in it.
pub type Generate = fn(secret: &str, key: &str) -> String;

impl Release {
    /// A release called `name` in `namespace`.
    pub fn new(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            revision: 1,
            served: BTreeSet::new(),
            live: BTreeMap::new(),
            live_objects: Vec::new(),
            generate: |_, _| random_credential(),
            generated: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    /// Tells how often the release was installed, upgraded or rolled back, this time included: 1
    /// unless told, as in `helm template`.
    #[must_use]
    pub fn with_revision(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }

    /// Tells which APIs the cluster serves, spelt as in Helm's `.Capabilities.APIVersions`
    /// (`v1`, `v1/Pod`); [`crate::preflight`] says what follows from them.
    #[must_use]
    pub fn with_served(mut self, apis: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.served.extend(apis.into_iter().map(Into::into));
        self
    }

    /// The APIs that the cluster is known to serve.
    #[must_use]
    pub fn served(&self) -> &BTreeSet<String> {
        &self.served
    }

    /// Makes credentials with `generate` instead of drawing them at random, so that two
    /// renderings can be compared.
    ///
    /// ```
    /// use spira_manifests::{Release, Values};
    ///
    /// let masked = || Release::new("spira", "spira").with_generated(|_, _| "masked".to_owned());
    /// let values = Values::default();
    /// assert_eq!(values.objects(&masked()), values.objects(&masked()));
    /// ```
    #[must_use]
    pub fn with_generated(mut self, generate: Generate) -> Self {
        self.generate = generate;
        self
    }

    /// Tells what a live Secret holds, as Helm's `lookup` would find it.
    #[must_use]
    pub fn with_live_secret(
        mut self,
        secret: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.live.insert((secret.into(), key.into()), value.into());
        self
    }

    /// Tells of an object that the cluster has in the release's namespace;
    /// [`crate::upgrade`] says what follows from it.
    #[must_use]
    pub fn with_live_object(mut self, object: Value) -> Self {
        self.live_objects.push(object);
        self
    }

    /// The objects that the cluster is known to have.
    #[must_use]
    pub fn live_objects(&self) -> &[Value] {
        &self.live_objects
    }

    /// The credentials that were asked for, must not be generated, and are not there: the path of
    /// the value that would have given each. Where there is one, the objects are of no use. One that
    /// the live Secret holds with a line break counts as missing.
    #[must_use]
    pub fn missing_credentials(&self) -> Vec<String> {
        self.missing.borrow().clone()
    }
}

impl Intrinsics for Release {
    fn release_name(&self) -> String {
        self.name.clone()
    }

    fn namespace(&self) -> String {
        self.namespace.clone()
    }

    fn chart_label(&self, component: &str) -> String {
        format!("{component}-{}", env!("CARGO_PKG_VERSION"))
    }

    fn app_version(&self, component: &str) -> String {
        components::named(component)
            .map(|component| component.app_version.to_owned())
            .unwrap_or_default()
    }

    fn fullname(&self, component: &str, overrides: &BTreeMap<String, String>) -> String {
        if let Some(name) = overrides.get(component) {
            return name.clone();
        }
        // Release names are ASCII, so characters are bytes.
        let room = MAX_FULLNAME - component.len() - 1;
        let mut base = self.name.replace('.', "-");
        if base.starts_with(|first: char| first.is_ascii_digit()) {
            base.insert(0, 'r');
        }
        let base: String = base.chars().take(room).collect();
        format!("{}-{component}", base.trim_matches('-'))
    }

    fn image(&self, component: &str, default_registry: Option<&str>, image: &Image) -> String {
        let registry = image.registry.as_deref().or(default_registry);
        let registry = registry.map(|r| format!("{r}/")).unwrap_or_default();
        let tag = image
            .tag
            .as_deref()
            .map_or_else(|| self.app_version(component), str::to_owned);
        let digest = image.digest.as_deref().map(|d| format!("@{d}"));
        let digest = digest.unwrap_or_default();
        format!("{registry}{}:{tag}{digest}", image.repository)
    }

    fn checksum(&self, _object: &str, data: &BTreeMap<String, String>) -> String {
        sha256(&canonical_json(&json!(data)))
    }

    fn job_suffix(&self, template: &PodTemplateSpec) -> String {
        let facts = json!({ "revision": self.revision, "template": template });
        sha256(&canonical_json(&facts))[..8].to_owned()
    }

    fn sha256(&self, text: &str) -> String {
        sha256(text)
    }

    fn short_sha256(&self, text: &str) -> String {
        sha256(text)[..8].to_owned()
    }

    fn join(&self, items: &[String], separator: &str) -> String {
        items.join(separator)
    }

    fn ordinals(&self, replicas: i32) -> Vec<String> {
        (0..replicas).map(|ordinal| ordinal.to_string()).collect()
    }

    fn merged(&self, maps: &[&BTreeMap<String, String>]) -> BTreeMap<String, String> {
        maps.iter()
            .flat_map(|map| map.iter().map(|(k, v)| (k.clone(), v.clone())))
            .collect()
    }

    fn credential(
        &self,
        secret: &str,
        key: &str,
        given: Option<&str>,
        generate: bool,
        value: &str,
    ) -> String {
        if let Some(given) = given {
            return given.to_owned();
        }
        let live = self.live.get(&(secret.to_owned(), key.to_owned()));
        let is_broken = live.is_some_and(|live| live.contains('\n'));
        if let (Some(live), false) = (live, is_broken) {
            return live.clone();
        }
        if !generate || is_broken {
            let mut missing = self.missing.borrow_mut();
            if !missing.iter().any(|path| path == value) {
                missing.push(value.to_owned());
            }
            return String::new();
        }
        self.generated
            .borrow_mut()
            .entry((secret.to_owned(), key.to_owned()))
            .or_insert_with(|| (self.generate)(secret, key))
            .clone()
    }
}

/// 32 random letters and digits: 190 bits.
fn random_credential() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 32)
}

fn sha256(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

/// The JSON text that Go's encoder gives without HTML escapes, which the chart hashes.
fn canonical_json(value: &Value) -> String {
    value
        .to_string()
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}
