//! A release that is led through its life, and looked at after each step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Map, Value, json};
use xtask::cluster::Cluster;
use xtask::helm::Helm;
use xtask::objects;
use xtask::upgrader::{Action, Answer, Outcome, Request, Upgrader};

use super::state::{self, Kind, Observer, Place, State};

/// What was found and how much was done.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong.
    pub faults: Vec<String>,
    /// What an API server refused since a field cannot be changed: told apart, as it must never happen.
    pub immutable: Vec<String>,
    /// Actions of Helm, and how long they took together.
    pub actions: u32,
    pub acting: Duration,
    /// How often a namespace was looked at, and how long that took together.
    pub looks: u32,
    pub looking: Duration,
    /// Leaves that changed an object, those that changed none, and those that were refused.
    pub reached: u32,
    pub silent: u32,
    pub refused: u32,
    /// Of each kind of jobs, how many there were, the actions and the time that they took together.
    pub kinds: BTreeMap<&'static str, (u32, u32, Duration)>,
}

impl Report {
    pub fn add(&mut self, other: Self) {
        self.faults.extend(other.faults);
        self.immutable.extend(other.immutable);
        self.actions += other.actions;
        self.acting += other.acting;
        self.looks += other.looks;
        self.looking += other.looking;
        self.reached += other.reached;
        self.silent += other.silent;
        self.refused += other.refused;
        for (kind, (jobs, actions, took)) in other.kinds {
            let sum = self.kinds.entry(kind).or_default();
            *sum = (sum.0 + jobs, sum.1 + actions, sum.2 + took);
        }
    }
}

/// One of those who work at the same time: a process of Helm and a connection of its own.
pub struct Worker {
    pub client: Client,
    pub kubeconfig: PathBuf,
    /// Whether controllers run in the cluster.
    pub are_controlled: bool,
    pub observer: Observer,
    upgrader: Upgrader,
    pub report: Report,
}

impl Worker {
    pub fn new(cluster: &Cluster, are_controlled: bool) -> Self {
        let client = cluster.client().expect("client");
        Self {
            observer: Observer::new(client.clone()),
            client,
            kubeconfig: cluster.kubeconfig().into(),
            are_controlled,
            upgrader: Upgrader::start(cluster.kubeconfig()).expect("upgrader"),
            report: Report::default(),
        }
    }

    fn ask(&mut self, request: &Request) -> Answer {
        let start = Instant::now();
        let answer = tokio::task::block_in_place(|| self.upgrader.ask(request)).expect("answer");
        self.report.actions += 1;
        self.report.acting += start.elapsed();
        answer
    }
}

/// A release in a namespace that nobody else uses.
pub struct Release<'a> {
    pub worker: &'a mut Worker,
    pub place: Place,
    /// What is being done, for messages.
    pub what: String,
    /// Which Helm acts next.
    pub helm: Helm,
    /// The chart of the next action.
    pub chart: PathBuf,
    /// Helm 4's `--server-side`.
    pub server_side: &'static str,
    /// Whether Helm checks the values.
    pub schema: bool,
    /// The kinds that the release has or had.
    kinds: BTreeSet<Kind>,
    /// What there is of it.
    pub state: State,
    /// What Helm said last.
    pub outcome: Outcome,
}

impl<'a> Release<'a> {
    /// Makes the namespace, which enforces Pod Security `restricted`.
    pub async fn new(worker: &'a mut Worker, name: &str, namespace: &str, chart: &Path) -> Self {
        objects::create_restricted_namespace(&worker.client, namespace)
            .await
            .expect("namespace");
        Self {
            worker,
            place: Place {
                release: name.into(),
                namespace: namespace.into(),
            },
            what: namespace.into(),
            helm: Helm::V4,
            chart: chart.into(),
            server_side: "",
            schema: false,
            kinds: BTreeSet::new(),
            state: State::new(),
            outcome: Outcome::default(),
        }
    }

    /// Installs it. What is wrong is written down.
    pub async fn install(&mut self, values: &Map<String, Value>) -> Result<(), String> {
        self.act(Action::Install, values).await
    }

    /// Upgrades it to other values.
    pub async fn upgrade(&mut self, values: &Map<String, Value>) -> Result<(), String> {
        self.act(Action::Upgrade, values).await
    }

    /// Goes back to a revision.
    pub async fn roll_back(&mut self, revision: u32) -> Result<(), String> {
        let mut request = self.request(Action::Rollback, &Map::new());
        request.revision = revision;
        self.done(&request).await
    }

    /// Upgrades it to the same values again, which must write nothing.
    pub async fn repeat(&mut self, values: &Map<String, Value>) {
        let before = self.state.clone();
        match self.act(Action::Upgrade, values).await {
            Ok(()) => self.nothing_was_written(&before),
            Err(error) => self.fault(format!("again: {error}")),
        }
    }

    /// Writes down that something is other than before, with the first of it.
    pub fn nothing_was_written(&mut self, before: &State) {
        let written = state::written(before, &self.state, self.worker.are_controlled);
        if let Some(first) = written.first() {
            let count = written.len();
            self.fault(format!("nothing was to change, but of {count}: {first}"));
        }
    }

    /// Writes down what is other than it was, after a way back.
    pub fn is_as(&mut self, was: &State) {
        for difference in super::cells::differences(was, &self.state) {
            self.fault(format!("is not as it was: {difference}"));
        }
    }

    /// Sets a Deployment's number of pods, as an autoscaler does.
    pub async fn scale(&mut self, name: &str, replicas: i32) {
        let deployments =
            Api::<Deployment>::namespaced(self.worker.client.clone(), &self.place.namespace);
        let patch = json!({"spec": {"replicas": replicas}});
        deployments
            .patch_scale(name, &PatchParams::default(), &Patch::Merge(&patch))
            .await
            .expect("scaled");
    }

    pub fn uninstall(&mut self) -> Result<(), String> {
        let request = self.request(Action::Uninstall, &Map::new());
        self.worker.ask(&request).map(drop)
    }

    async fn act(&mut self, action: Action, values: &Map<String, Value>) -> Result<(), String> {
        let request = self.request(action, values);
        self.done(&request).await
    }

    fn request(&self, action: Action, values: &Map<String, Value>) -> Request {
        let Place { release, namespace } = &self.place;
        let mut request = Request::new(action, release, namespace)
            .by(self.helm)
            .with_chart(&self.chart)
            .with_values(values.clone());
        request.server_side = self.server_side;
        request.schema = self.schema;
        // Rolling back needs what was.
        request.max_history = 4;
        request
    }

    async fn done(&mut self, request: &Request) -> Result<(), String> {
        let before = std::mem::take(&mut self.state);
        let answer = self.worker.ask(request);
        let outcome = match answer {
            Ok(outcome) => outcome,
            Err(error) => {
                self.look().await;
                self.tell_of_immutable_fields(&error);
                return Err(error);
            }
        };
        self.kinds.extend(state::kinds(&outcome.objects));
        self.outcome = outcome;
        self.look().await;
        for fault in state::faults(&before, &self.state, &self.outcome) {
            self.fault(fault);
        }
        Ok(())
    }

    /// Looks at what there is now.
    pub async fn look(&mut self) {
        let start = Instant::now();
        self.state = self.worker.observer.look(&self.place, &self.kinds).await;
        self.worker.report.looks += 1;
        self.worker.report.looking += start.elapsed();
    }

    fn tell_of_immutable_fields(&mut self, error: &str) {
        if is_immutable(error) {
            let line = format!("{}: {}", self.what, error);
            self.worker.report.immutable.push(line);
        }
    }

    pub fn fault(&mut self, fault: impl std::fmt::Display) {
        let Self { what, helm, .. } = self;
        let line = format!("{what} (Helm {}): {fault}", helm.major());
        self.worker.report.faults.push(line);
    }
}

/// Whether it is an API server that speaks, of a field that it lets nobody change.
pub fn is_immutable(error: &str) -> bool {
    ["immutable", "Forbidden", "forbidden"]
        .iter()
        .any(|word| error.contains(word))
}

/// The objects of a manifest and its hooks without what is another at each upgrade: the names of Jobs.
pub fn manifest(outcome: &Outcome) -> BTreeMap<String, Value> {
    let mut objects = BTreeMap::new();
    for object in outcome.objects.iter().chain(&outcome.hooks) {
        let mut object = object.clone();
        if object["kind"] == "Job" {
            object["metadata"]["name"] = json!("");
        }
        objects.insert(state::id(&object), object);
    }
    objects
}
