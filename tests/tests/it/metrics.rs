//! Which metrics there are: the catalogue that rules and dashboards may name, and what keeps it honest.
//!
//! `metrics/<exporter>.txt` holds the names that an exporter gives, a line each, without labels; a histogram with its
//! `_bucket`, `_sum` and `_count`. Lines with `#` say the source. What stands below a line that begins with
//! `# only from sources` is not shown by a scrape here.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use xtask::project;

/// Everything that a release or kube-prometheus-stack has metrics from, each with a file.
pub const EXPORTERS: [&str; 10] = [
    "cloudnative-pg",
    "haproxy",
    "kube-state-metrics",
    "kubelet",
    "minio",
    "mlflow",
    "mongodb",
    "nats",
    "postgresql",
    "redelivery",
];

/// From here on a file's names are not shown by a scrape.
const UNSEEN: &str = "# only from sources";

/// The names of all metrics that there are, without labels.
pub fn exported() -> BTreeSet<String> {
    let names = EXPORTERS.iter().flat_map(|exporter| exported_by(exporter));
    names.chain(every_target()).collect()
}

/// The names that one exporter gives.
pub fn exported_by(exporter: &str) -> BTreeSet<String> {
    names(&text(exporter))
}

/// What Prometheus itself adds for each target.
fn every_target() -> impl Iterator<Item = String> {
    let names = [
        "scrape_duration_seconds",
        "scrape_samples_post_metric_relabeling",
        "scrape_samples_scraped",
        "scrape_series_added",
        "up",
    ];
    names.into_iter().map(String::from)
}

/// Those of them that a scrape must show.
pub fn shown_by(exporter: &str) -> BTreeSet<String> {
    let text = text(exporter);
    names(text.split(UNSEEN).next().unwrap_or_default())
}

fn names(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(String::from).collect()
}

fn text(exporter: &str) -> String {
    let path = folder().join(format!("{exporter}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> PathBuf {
    project::root().join("tests/tests/it/metrics")
}
