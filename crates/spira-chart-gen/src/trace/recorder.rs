//! The intrinsics as the tracer answers them: with markers that say which one was asked.

use std::{cell::RefCell, collections::BTreeMap};

use k8s_openapi::api::core::v1::PodTemplateSpec;
use spira_manifests::{Intrinsics, kit::Image};

use super::{sample::Samples, segments::segments};
use crate::tree::{Intrinsic, Seg, Source};

/// Answers a builder with markers, and notes what it asked that cannot be traced.
pub struct Recorder<'a> {
    samples: &'a Samples,
    refused: RefCell<Option<String>>,
}

impl<'a> Recorder<'a> {
    /// A recorder over these samples.
    #[must_use]
    pub fn new(samples: &'a Samples) -> Self {
        Self {
            samples,
            refused: RefCell::new(None),
        }
    }

    /// What a builder asked that cannot be traced.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        self.refused.borrow().clone()
    }

    fn refuse(&self, why: String) -> String {
        self.refused.borrow_mut().get_or_insert(why);
        String::new()
    }

    fn text(&self, text: &str) -> Vec<Seg> {
        segments(self.samples, text).unwrap_or_else(|why| {
            self.refuse(why);
            Vec::new()
        })
    }

    /// The path of the value that `text` is the marker of.
    fn path(&self, text: &str) -> Option<String> {
        match self.samples.source(text) {
            Some(Source::Value(path)) => Some(path),
            _ => None,
        }
    }
}

impl Intrinsics for Recorder<'_> {
    fn release_name(&self) -> String {
        self.samples.call(Intrinsic::ReleaseName)
    }

    fn namespace(&self) -> String {
        self.samples.call(Intrinsic::Namespace)
    }

    fn chart_label(&self, component: &str) -> String {
        self.samples
            .call(Intrinsic::ChartLabel(component.to_owned()))
    }

    fn app_version(&self, component: &str) -> String {
        self.samples
            .call(Intrinsic::AppVersion(component.to_owned()))
    }

    fn fullname(&self, component: &str, _overrides: &BTreeMap<String, String>) -> String {
        self.samples.call(Intrinsic::Fullname(component.to_owned()))
    }

    fn image(&self, component: &str, _default_registry: Option<&str>, image: &Image) -> String {
        match self
            .path(&image.repository)
            .as_deref()
            .and_then(|path| path.strip_suffix(".repository"))
        {
            Some(path) => self.samples.call(Intrinsic::Image {
                component: component.to_owned(),
                path: path.to_owned(),
            }),
            None => self.refuse(format!(
                "the image {} is not one of the values",
                &*image.repository
            )),
        }
    }

    fn checksum(&self, object: &str, _data: &BTreeMap<String, String>) -> String {
        self.samples.call(Intrinsic::Checksum(self.text(object)))
    }

    fn job_suffix(&self, _template: &PodTemplateSpec) -> String {
        self.samples.call(Intrinsic::JobSuffix)
    }

    fn sha256(&self, text: &str) -> String {
        self.samples.call(Intrinsic::Sha256(self.text(text)))
    }

    fn short_sha256(&self, text: &str) -> String {
        self.samples.call(Intrinsic::ShortSha256(self.text(text)))
    }

    fn join(&self, items: &[String], separator: &str) -> String {
        let Some(first) = items.first() else {
            return String::new();
        };
        match self
            .path(first)
            .as_deref()
            .and_then(|path| path.strip_suffix("[0]"))
        {
            Some(path) if items.len() == 3 => self.samples.call(Intrinsic::Join {
                path: path.to_owned(),
                separator: separator.to_owned(),
            }),
            _ => self.refuse("join of something else than a list of values as it is".to_owned()),
        }
    }

    fn ordinals(&self, replicas: i32) -> Vec<String> {
        self.samples.ordinals(replicas).unwrap_or_else(|| {
            vec![self.refuse(format!(
                "ordinals of {replicas}, which is not one of the values"
            ))]
        })
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
        _generate: bool,
        value: &str,
    ) -> String {
        match given {
            Some(given) => given.to_owned(),
            None => self.samples.call(Intrinsic::Credential {
                secret: self.text(secret),
                key: self.text(key),
                value: value.to_owned(),
            }),
        }
    }
}
