//! The matrix: from the default values to each example and back, from an older chart, from Helm 3 to Helm 4, back to what was,
//! and each component off and on.

use std::fs;

use serde_json::{Map, Value};
use spira_manifests::document::{coalesce, yaml};
use spira_manifests::{components, document};
use xtask::helm::Helm;
use xtask::project;

use super::release::{Release, Worker};
use super::state;
use super::tables::{EXAMPLES, Example, STORES_OF_DEFAULTS};
use super::{bases, read};
use crate::support::{chart, examples};

/// What happens to a release.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// To each example and back, all by one Helm.
    Examples(Helm),
    /// From the chart of an earlier version, which the first Helm installed, by the second.
    OlderChart(Helm, Helm),
    /// From Helm 3 to Helm 4, which first goes on as Helm 3 did, and then applies on the server.
    OtherHelm,
    /// Back to what was.
    RollBack(Helm),
    /// Each component off and on.
    Components(Helm),
    /// Pods by load: what the autoscaler wrote stays.
    Autoscaling(Helm),
}

impl Cell {
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::OlderChart(Helm::V3, Helm::V3),
            Self::OlderChart(Helm::V3, Helm::V4),
            Self::OlderChart(Helm::V4, Helm::V4),
            Self::OtherHelm,
        ];
        for helm in Helm::ALL {
            all.extend([
                Self::Examples(helm),
                Self::RollBack(helm),
                Self::Components(helm),
                Self::Autoscaling(helm),
            ]);
        }
        all
    }

    /// A name for a namespace.
    pub fn name(self) -> String {
        match self {
            Self::Examples(helm) => format!("examples-{}", helm.major()),
            Self::OlderChart(from, to) => format!("older-chart-{}-{}", from.major(), to.major()),
            Self::OtherHelm => "other-helm".into(),
            Self::RollBack(helm) => format!("roll-back-{}", helm.major()),
            Self::Components(helm) => format!("components-{}", helm.major()),
            Self::Autoscaling(helm) => format!("autoscaling-{}", helm.major()),
        }
    }

    pub async fn run(self, worker: &mut Worker) {
        let mut release = Release::new(worker, "spira", &self.name(), &chart()).await;
        let done = match self {
            Self::Examples(helm) => to_examples(&mut release, helm).await,
            Self::OlderChart(from, to) => from_older_chart(&mut release, from, to).await,
            Self::OtherHelm => to_other_helm(&mut release).await,
            Self::RollBack(helm) => back(&mut release, helm).await,
            Self::Components(helm) => off_and_on(&mut release, helm).await,
            Self::Autoscaling(helm) => by_load(&mut release, helm).await,
        };
        if let Err(error) = done {
            release.fault(error);
        }
        if let Err(error) = release.uninstall() {
            release.fault(format!("is not uninstalled: {error}"));
        }
    }
}

async fn to_examples(release: &mut Release<'_>, helm: Helm) -> Result<(), String> {
    let default = Map::new();
    release.helm = helm;
    release.schema = true;
    release.install(&default).await?;
    let first = release.state.clone();
    for path in examples() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        release.what = format!("default to {name}");
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let mut values = yaml::parse(&text).map_err(|error| error.to_string())?;
        if let Some(example) = EXAMPLES.iter().find(|example| example.name == name) {
            is_refused(release, example, &values).await;
        }
        // Where services stand outside there are no stores to keep as they are.
        if !is_outside(&values) {
            coalesce::overlay(&mut values, read(STORES_OF_DEFAULTS));
        }
        release.upgrade(&values).await?;
        release.repeat(&values).await;
        release.what = format!("{name} to default");
        release.upgrade(&default).await?;
        release.is_as(&first);
    }
    Ok(())
}

fn is_outside(values: &Map<String, Value>) -> bool {
    super::leaves::at(values, "mongodb.enabled") == false
}

/// Tries what cannot be changed, which must be refused by name, and before anything is written.
async fn is_refused(release: &mut Release<'_>, example: &Example, values: &Map<String, Value>) {
    let before = release.state.clone();
    match release.upgrade(values).await {
        Ok(()) => release.fault("is taken, and EXAMPLES says that it is not"),
        Err(error) => {
            let is_unnamed = |value: &&&str| !error.contains(**value);
            let unnamed: Vec<_> = example.refused.iter().filter(is_unnamed).collect();
            if !unnamed.is_empty() {
                release.fault(format!("{unnamed:?} are not named: {error}"));
            }
        }
    }
    release.nothing_was_written(&before);
}

async fn from_older_chart(release: &mut Release<'_>, from: Helm, to: Helm) -> Result<(), String> {
    let default = Map::new();
    release.helm = from;
    release.chart = older_chart();
    release.install(&default).await?;
    let first = release.state.clone();
    release.helm = to;
    release.chart = chart();
    release.what.push_str(", to this chart");
    release.upgrade(&default).await?;
    release.repeat(&default).await;
    release.what.push_str(", and back");
    release.roll_back(1).await?;
    release.is_as(&first);
    release.what.push_str(", and again");
    release.upgrade(&default).await
}

/// A packaged chart of an earlier version.
pub fn older_chart() -> std::path::PathBuf {
    project::root().join("tests/fixtures/spira-0.0.5.tgz")
}

async fn to_other_helm(release: &mut Release<'_>) -> Result<(), String> {
    let default = Map::new();
    let more = read(
        "{nats: {replicas: 5, metrics: {enabled: true}, natsBox: {enabled: true}},
          api-server: {extraEnv: [{name: A, value: a}]}, mlflow: {podLabels: {a: b}}}",
    );
    release.helm = Helm::V3;
    release.install(&default).await?;
    let first = release.state.clone();
    release.upgrade(&more).await?;
    release.helm = Helm::V4;
    "Helm 3 to 4".clone_into(&mut release.what);
    release.repeat(&more).await;
    "Helm 3 to 4, on the server".clone_into(&mut release.what);
    release.server_side = "true";
    release.upgrade(&more).await?;
    release.server_side = "";
    release.repeat(&more).await;
    // What Helm 3 has added must go although Helm 4 applies on the server, where each field has its owner.
    release.upgrade(&default).await?;
    release.is_as(&first);
    Ok(())
}

async fn back(release: &mut Release<'_>, helm: Helm) -> Result<(), String> {
    let default = Map::new();
    let mut more = read(
        "{global: {monitoring: {enabled: true}, chaos: {enabled: true}, connections: {nats: {auth: {enabled: true}}}},
          nats: {replicas: 5, natsBox: {enabled: true}}, mongodb: {members: 5}, redelivery: {enabled: false},
          experiment: {enabled: true}, api-server: {service: {type: LoadBalancer}}}",
    );
    // Helm 3 takes a claim that was kept for one that it made without a class, and fails. An upgrade goes well with both.
    if helm == Helm::V4 {
        coalesce::overlay(&mut more, read("experiment: {results: {persistent: true}}"));
    }
    release.helm = helm;
    release.install(&default).await?;
    let first = release.state.clone();
    release.upgrade(&more).await?;
    let second = release.state.clone();
    release.what.push_str(", back to the first");
    release.roll_back(1).await?;
    release.is_as(&first);
    release.what.push_str(", and to the second");
    release.roll_back(2).await?;
    release.is_as(&second);
    Ok(())
}

async fn off_and_on(release: &mut Release<'_>, helm: Helm) -> Result<(), String> {
    let on = bases::everything().values;
    release.helm = helm;
    release.install(&on).await?;
    let first = release.state.clone();
    for component in components::all() {
        let was = document::defaults()[component.name]["enabled"].clone();
        let toggled = was != true;
        let mut values = on.clone();
        let text = format!("{}: {{enabled: {toggled}}}", component.name);
        coalesce::overlay(&mut values, read(&text));
        release.what = format!("everything with {text}");
        release.upgrade(&values).await?;
        release.repeat(&values).await;
        release.what.push_str(", and back");
        release.upgrade(&on).await?;
        release.is_as(&first);
    }
    Ok(())
}

async fn by_load(release: &mut Release<'_>, helm: Helm) -> Result<(), String> {
    let scaled = "api-server: {autoscaling: {enabled: true}}";
    release.helm = helm;
    let only = bases::alone("api-server").values;
    let mut values = only.clone();
    coalesce::overlay(&mut values, read(scaled));
    release.install(&values).await?;
    release.scale("spira-api-server", 5).await;
    coalesce::overlay(&mut values, read("api-server: {drainSeconds: 11}"));
    release.upgrade(&values).await?;
    let replicas = &release.state["Deployment/spira-api-server"]["spec"]["replicas"];
    if *replicas != 5 {
        let fault = format!("{replicas} replicas after an upgrade, where an autoscaler wanted 5");
        release.fault(fault);
    }
    Ok(())
}

/// What is other in a state than it was: Helm's own notes, versions and what controllers write aside.
pub fn differences(was: &state::State, is: &state::State) -> Vec<String> {
    let plain = |object: &Value| {
        let mut plain = state::essence(object);
        for key in ["managedFields", "uid", "creationTimestamp"] {
            plain["metadata"][key] = Value::Null;
        }
        for key in ["clusterIP", "clusterIPs"] {
            if object["kind"] == "Service" && object["spec"][key] != "None" {
                plain["spec"][key] = Value::Null;
            }
        }
        // Kubernetes draws another one each time.
        for port in plain["spec"]["ports"].as_array_mut().into_iter().flatten() {
            port["nodePort"] = Value::Null;
        }
        plain
    };
    let is_job = |id: &String| id.starts_with("Job/");
    let mut differences = Vec::new();
    for (id, old) in was.iter().filter(|(id, _)| !is_job(id)) {
        let Some(new) = is.get(id) else {
            differences.push(format!("{id} is gone"));
            continue;
        };
        if let Some(found) = spira_chart_gen::diff::difference(&plain(old), &plain(new)) {
            differences.push(format!(
                "{id} is other: {} was {} and is {}",
                found.place, found.left, found.right
            ));
        }
    }
    differences
}
