//! Faults hit the pods that they are for and no others: their selectors are evaluated on the pods that the real operators
//! made, and those of our own workloads. What makes a pod one of a component is here its owner, never a label.
//!
//! MinIO's operator is on no registry, so its servers' pods are made by hand, with the labels of SPIRA contract C1.
//! CloudNativePG's operator does not run here either: nothing shows that its pods have the labels that faults look for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use kube::Client;
use serde_json::{Value, json};
use spira_manifests::document;
use xtask::{objects, project};

use crate::cluster::PATIENCE;
use crate::operators::{apply_all, pods};
use crate::support::{Case, find};

/// The longest name that Chaos Mesh can append six characters to.
const LONGEST_NAME: usize = 57;

/// Components and how many of their pods there are, by the values' defaults.
const COMPONENTS: [(&str, usize); 8] = [
    ("nats", 3),
    ("mongodb", 3),
    ("minio", 3),
    ("postgresql", 3),
    ("mlflow", 3),
    ("api-server", 3),
    ("inference-server", 3),
    ("redelivery", 2),
];

/// What faults there are, whom they are to hit and which pods there are.
struct Scene {
    schedules: Vec<Value>,
    towards: BTreeMap<&'static str, String>,
    pods: Vec<Value>,
}

/// A namespace with the pods of a release of the default values.
pub async fn faults_hit_their_pods(client: &Client, namespace: &str) {
    let objects = case(namespace, "").library().expect("rendered");
    let node = pods(client, namespace).await[0]["spec"]["nodeName"]
        .as_str()
        .expect("a pod that runs")
        .to_owned();
    apply_all(
        client,
        namespace,
        &servers_of_minio(&objects, namespace, &node),
    )
    .await;
    let others = [stranger(&node), nats_box(namespace, &node)];
    apply_all(client, namespace, &others).await;

    for set in ["", "postgresql.chaos.primaryOnly=false"] {
        let set = format!("global.chaos.nodeFailure.node={node},{set}");
        let case = case(namespace, set.trim_end_matches(','));
        let right = objects::wait_for("a pod for each fault", PATIENCE, || async {
            let scene = Scene::new(&case, pods(client, namespace).await);
            Ok(scene.wrong().is_empty().then_some(scene))
        });
        let Ok(scene) = right.await else {
            let scene = Scene::new(&case, pods(client, namespace).await);
            panic!("{namespace}: {:#?}", scene.wrong());
        };
        println!(
            "{namespace}: {} faults hit the right ones of {} pods",
            scene.schedules.len(),
            scene.pods.len()
        );
        what_hits_others_is_noticed(scene);
    }
}

/// The example with all faults.
fn case(namespace: &str, set: &str) -> Case {
    let example = project::root().join("examples/values/chaos.yaml");
    Case {
        namespace: namespace.into(),
        set: vec![set.to_owned()],
        ..Case::new(fs::read_to_string(example).expect("readable"))
    }
}

/// What the operator would make of the Tenant.
fn servers_of_minio(objects: &[Value], namespace: &str, node: &str) -> Vec<Value> {
    let tenant = find(objects, "Tenant", "spira-minio");
    let pool = &tenant["spec"]["pools"][0];
    let name = pool["name"].as_str().expect("a pool has a name");
    let mut labels = tenant["spec"]["poolsMetadata"]["labels"].clone();
    labels["v1.min.io/tenant"] = json!("spira-minio");
    labels["v1.min.io/console"] = json!("spira-minio-console");
    labels["v1.min.io/pool"] = json!(name);
    let servers = pool["servers"].as_u64().expect("a pool has servers");
    (0..servers)
        .map(|at| pod(&format!("spira-minio-{name}-{at}"), &labels, node))
        .inspect(|pod| assert!(pod["metadata"]["labels"].is_object(), "{namespace}"))
        .collect()
}

/// A pod of another release in the same namespace, much like one of ours.
fn stranger(node: &str) -> Value {
    let labels = json!({
        "app.kubernetes.io/name": "nats", "app.kubernetes.io/component": "nats",
        "app.kubernetes.io/instance": "other",
    });
    pod("other-nats-0", &labels, node)
}

/// A pod of the same component that is no server of it.
fn nats_box(namespace: &str, node: &str) -> Value {
    let objects = case(namespace, "nats.natsBox.enabled=true").library();
    let objects = objects.expect("rendered");
    let deployment = find(&objects, "Deployment", "spira-nats-box");
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    pod("spira-nats-box-0", labels, node)
}

fn pod(name: &str, labels: &Value, node: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"nodeName": node, "containers": [{"name": "minio", "image": "minio"}]},
    })
}

impl Scene {
    fn new(case: &Case, pods: Vec<Value>) -> Self {
        let mut values = document::yaml::parse(&case.values).expect("YAML");
        for text in &case.set {
            document::strvals::set(&mut values, text, true).expect("a value");
        }
        let loaded = document::from_document(values).expect("right values");
        let towards = COMPONENTS.map(|(name, _)| {
            let partner = &loaded.document[name]["chaos"]["network"]["towards"];
            (name, partner.as_str().expect("a partner").to_owned())
        });
        let mut schedules = case.library().expect("rendered");
        schedules.retain(|object| object["kind"] == "Schedule");
        Self {
            schedules,
            towards: BTreeMap::from(towards),
            pods,
        }
    }

    /// Whose pods are hit that are not to be, or are not that are, or whose name is too long.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (component, count) in COMPONENTS {
            if self.pods_of(component).len() != count {
                wrong.push(format!("{component} has not its {count} pods yet"));
            }
        }
        for schedule in &self.schedules {
            let name = schedule["metadata"]["name"].as_str().expect("a name");
            if name.len() > LONGEST_NAME {
                wrong.push(format!("{name} is longer than {LONGEST_NAME}"));
            }
            if let Err(why) = self.hits_its_own(schedule, name) {
                wrong.push(format!("{name}: {why}"));
            }
        }
        wrong
    }

    fn hits_its_own(&self, schedule: &Value, name: &str) -> Result<(), String> {
        let (start, fault) = name.rsplit_once('-').expect("a fault's name");
        let component = start.strip_prefix("spira-").expect("the release's name");
        let spec = schedule["spec"].as_object().expect("a spec");
        let chaos = spec.iter().find(|(key, _)| key.ends_with("Chaos"));
        let (_, chaos) = chaos.ok_or("no fault")?;
        let mut expected = self.pods_of(component);
        let nodes = &chaos["selector"]["nodes"][0];
        if fault == "node" {
            expected.retain(|pod| pod["spec"]["nodeName"] == *nodes);
        } else if component == "postgresql"
            && chaos["selector"]["labelSelectors"]["spilo-role"] == "master"
        {
            // Its owner cannot tell which of them it is; that there is one such must do.
            expected.retain(|pod| pod["metadata"]["labels"]["spilo-role"] == "master");
            if expected.len() != 1 {
                return Err(format!("{} primaries", expected.len()));
            }
        }
        same(&self.hit(&chaos["selector"]), &expected)?;
        if fault == "net" {
            let partner = &self.towards[component];
            let target = &chaos["target"]["selector"];
            same(&self.hit(target), &self.pods_of(partner))
                .map_err(|why| format!("towards {partner}: {why}"))?;
        }
        Ok(())
    }

    /// The pods that Chaos Mesh would choose among.
    fn hit(&self, selector: &Value) -> Vec<&Value> {
        let labels = selector["labelSelectors"].as_object().expect("labels");
        let nodes = selector["nodes"].as_array();
        let is_hit = |pod: &&Value| {
            let own = &pod["metadata"]["labels"];
            !labels.is_empty()
                && labels.iter().all(|(key, value)| own[key] == *value)
                && nodes.is_none_or(|nodes| nodes.contains(&pod["spec"]["nodeName"]))
        };
        self.pods.iter().filter(is_hit).collect()
    }

    /// The pods of a component, by who owns them.
    fn pods_of(&self, component: &str) -> Vec<&Value> {
        let is_own = |pod: &&Value| owner(pod) == format!("spira-{component}");
        self.pods.iter().filter(is_own).collect()
    }
}

/// The name of the workload that a pod is of.
fn owner(pod: &Value) -> String {
    let owner = &pod["metadata"]["ownerReferences"][0];
    let name = owner["name"].as_str().unwrap_or_default();
    let kept = match owner["kind"].as_str() {
        // A Deployment's set is called by it and a checksum.
        Some("ReplicaSet") => name.rsplit_once('-').map_or(name, |(kept, _)| kept),
        Some(_) => name,
        // Those of MinIO, made by hand.
        None => {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            name.split_once("-pool-0-").map_or(name, |(kept, _)| kept)
        }
    };
    kept.to_owned()
}

fn same(hit: &[&Value], expected: &[&Value]) -> Result<(), String> {
    let names = |pods: &[&Value]| -> BTreeSet<String> {
        let name = |pod: &&Value| {
            pod["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        pods.iter().map(name).collect()
    };
    let (hit, expected) = (names(hit), names(expected));
    if hit == expected {
        return Ok(());
    }
    Err(format!("hits {hit:?}, not {expected:?}"))
}

/// Selectors that are nearly right are not taken for right.
fn what_hits_others_is_noticed(mut scene: Scene) {
    let right = scene.schedules.clone();
    for (fault, label, value) in [
        // Nobody's.
        (
            "spira-nats-kill",
            "app.kubernetes.io/component",
            json!("nat"),
        ),
        ("spira-postgresql-fail", "cluster-name", json!("spira-pg")),
        // Another's too: without the part, nats-box; without the release, a stranger.
        (
            "spira-nats-fail",
            "app.kubernetes.io/component",
            json!(null),
        ),
        ("spira-nats-exit", "app.kubernetes.io/instance", json!(null)),
        (
            "spira-redelivery-kill",
            "app.kubernetes.io/name",
            json!("mlflow"),
        ),
    ] {
        scene.schedules.clone_from(&right);
        let schedule = scene.schedules.iter_mut();
        let mut schedule = schedule.filter(|object| object["metadata"]["name"] == fault);
        let schedule = schedule.next().unwrap_or_else(|| panic!("no {fault}"));
        let labels = &mut schedule["spec"]["podChaos"]["selector"]["labelSelectors"];
        let labels = labels.as_object_mut().expect("labels");
        if value.is_null() {
            labels.remove(label).expect("a label that is there");
        } else {
            *labels.get_mut(label).expect("a label that is there") = value;
        }
        let wrong = scene.wrong();
        assert!(
            wrong.len() == 1 && wrong[0].starts_with(fault),
            "{fault} {label}: {wrong:?}"
        );
    }
}
