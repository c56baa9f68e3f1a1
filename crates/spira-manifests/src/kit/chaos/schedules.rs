//! The objects that make the faults.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{
    Chaos, Clock, ContainerKill, Direction, Dns, DnsAction, Io, IoAction, Network, NetworkAction,
    Partner, PodFailure, PodKill, PrimaryChaos, StoreChaos, Stress, StressAction,
};
use crate::{
    Context, Object,
    cr::chaos_mesh::{
        CpuStressor, Delay, DnsChaosSpec, IoChaosSpec, Loss, MemoryStressor, NetworkChaosSpec,
        NetworkTarget, PodChaosSpec, PodSelector, Schedule, ScheduleSpec, StressChaosSpec,
        Stressors, TimeChaosSpec,
    },
};

/// What pauses a schedule.
const PAUSE: &str = "experiment.chaos-mesh.org/pause";

/// The name of the Schedule that kills pods of the component whose objects start with `fullname`.
#[must_use]
pub fn kill_name(fullname: &str) -> String {
    name(fullname, "kill")
}

/// Chaos Mesh appends six characters, and a name may have 63: a full name has 52 at most, so four
/// are left for the fault.
fn name(fullname: &str, fault: &str) -> String {
    format!("{fullname}-{fault}")
}

/// The pods that faults hit.
#[derive(Clone, Debug)]
pub struct Pods<'a> {
    /// The labels that they all have, and no others.
    pub labels: BTreeMap<String, String>,
    /// The labels of the primary among them; empty without one.
    pub primary: BTreeMap<String, String>,
    /// The container of the component itself.
    pub container: &'a str,
    /// Where the data volume is mounted in it; empty without one.
    pub data: &'a str,
    /// The components whose Services it looks up.
    pub looks_up: &'a [&'a str],
}

// The three kinds of faults' values have these in common.
macro_rules! common {
    ($($name:ident)*) => {$(
        impl<P: Partner> $name<P> {
            fn common(&self, target: &Target) -> Vec<Object> {
                let Self { pod_kill, pod_failure, container_kill, network, stress, dns, clock, .. } = self;
                let mut objects = Vec::new();
                objects.extend(target.on(pod_kill.enabled, || target.pod_kill(pod_kill)));
                objects.extend(target.on(pod_failure.enabled, || target.pod_failure(pod_failure)));
                objects.extend(target.on(container_kill.enabled, || target.container_kill(container_kill)));
                objects.extend(target.on(network.enabled, || target.network(network)));
                objects.extend(target.on(stress.enabled, || target.stress(stress)));
                objects.extend(target.on(dns.enabled, || target.dns(dns)));
                objects.extend(target.on(clock.enabled, || target.clock(clock)));
                objects.extend(target.node_failure());
                objects
            }
        }
    )*};
}

common! { Chaos StoreChaos PrimaryChaos }

impl<P: Partner> Chaos<P> {
    /// The Schedules of the faults that are on.
    #[must_use]
    pub fn schedules(&self, context: &Context, pods: &Pods) -> Vec<Object> {
        self.common(&Target::new(context, pods, pods.labels.clone()))
    }
}

impl<P: Partner> StoreChaos<P> {
    /// The Schedules of the faults that are on.
    #[must_use]
    pub fn schedules(&self, context: &Context, pods: &Pods) -> Vec<Object> {
        let target = Target::new(context, pods, pods.labels.clone());
        let mut objects = self.common(&target);
        objects.extend(target.on(self.io.enabled, || target.io(&self.io)));
        objects
    }
}

impl<P: Partner> PrimaryChaos<P> {
    /// The Schedules of the faults that are on.
    #[must_use]
    pub fn schedules(&self, context: &Context, pods: &Pods) -> Vec<Object> {
        let mut labels = pods.labels.clone();
        if self.primary_only {
            labels.extend(pods.primary.clone());
        }
        let target = Target::new(context, pods, labels);
        let mut objects = self.common(&target);
        objects.extend(target.on(self.io.enabled, || target.io(&self.io)));
        objects
    }
}

struct Target<'a> {
    context: &'a Context<'a>,
    pods: &'a Pods<'a>,
    /// The labels of the pods that may be hit.
    labels: BTreeMap<String, String>,
}

impl<'a> Target<'a> {
    fn new(context: &'a Context<'a>, pods: &'a Pods<'a>, labels: BTreeMap<String, String>) -> Self {
        Self {
            context,
            pods,
            labels,
        }
    }

    fn on(&self, enabled: bool, schedule: impl FnOnce() -> Schedule) -> Option<Object> {
        (self.context.global.chaos.enabled && enabled).then(|| Object::new(&schedule()))
    }

    fn selector(&self) -> PodSelector {
        self.selector_of(self.labels.clone())
    }

    fn selector_of(&self, labels: BTreeMap<String, String>) -> PodSelector {
        PodSelector {
            namespaces: vec![self.context.intrinsics().namespace()],
            label_selectors: labels,
            nodes: Vec::new(),
        }
    }

    fn container(&self) -> Vec<String> {
        vec![self.pods.container.to_owned()]
    }

    /// What all have in common: one at a time, and what was done is kept (SPIRA contract A4).
    fn schedule(&self, fault: &str, when: &str, spec: ScheduleSpec) -> Schedule {
        let chaos = &self.context.global.chaos;
        Schedule {
            metadata: ObjectMeta {
                annotations: chaos
                    .paused
                    .then(|| BTreeMap::from([(PAUSE.to_owned(), "true".to_owned())])),
                ..self.context.meta(name(&self.context.fullname(), fault))
            },
            spec: ScheduleSpec {
                schedule: when.to_owned(),
                concurrency_policy: "Forbid".into(),
                history_limit: 1000,
                ..spec
            },
        }
    }

    fn pod_kill(&self, fault: &PodKill) -> Schedule {
        let when = fault.schedule.as_ref();
        let spec = ScheduleSpec {
            type_: "PodChaos".into(),
            pod_chaos: Some(PodChaosSpec {
                action: "pod-kill".into(),
                mode: "one".into(),
                selector: self.selector(),
                ..PodChaosSpec::default()
            }),
            ..ScheduleSpec::default()
        };
        self.schedule(
            "kill",
            when.unwrap_or(&self.context.global.chaos.schedule),
            spec,
        )
    }

    fn pod_failure(&self, fault: &PodFailure) -> Schedule {
        let spec = ScheduleSpec {
            type_: "PodChaos".into(),
            pod_chaos: Some(PodChaosSpec {
                action: "pod-failure".into(),
                mode: fault.mode.as_str().into(),
                selector: self.selector(),
                duration: Some(fault.duration.to_string()),
                ..PodChaosSpec::default()
            }),
            ..ScheduleSpec::default()
        };
        self.schedule("fail", &fault.schedule, spec)
    }

    fn container_kill(&self, fault: &ContainerKill) -> Schedule {
        let spec = ScheduleSpec {
            type_: "PodChaos".into(),
            pod_chaos: Some(PodChaosSpec {
                action: "container-kill".into(),
                mode: "one".into(),
                selector: self.selector(),
                container_names: self.container(),
                ..PodChaosSpec::default()
            }),
            ..ScheduleSpec::default()
        };
        self.schedule("exit", &fault.schedule, spec)
    }

    fn network<P: Partner>(&self, fault: &Network<P>) -> Schedule {
        let partner = self.context.pods_of(fault.towards.component());
        let (action, delay, loss) = match fault.action {
            NetworkAction::Partition => ("partition", None, None),
            NetworkAction::Loss => (
                "loss",
                None,
                Some(Loss {
                    loss: fault.percent.to_string(),
                }),
            ),
            NetworkAction::Delay => (
                "delay",
                Some(Delay {
                    latency: fault.latency.to_string(),
                    jitter: fault.jitter.as_deref().map(str::to_owned),
                }),
                None,
            ),
        };
        let spec = ScheduleSpec {
            type_: "NetworkChaos".into(),
            network_chaos: Some(NetworkChaosSpec {
                action: action.into(),
                mode: fault.mode.as_str().into(),
                selector: self.selector(),
                direction: match fault.direction {
                    Direction::To => "to",
                    Direction::From => "from",
                    Direction::Both => "both",
                }
                .into(),
                target: NetworkTarget {
                    mode: "all".into(),
                    selector: self.selector_of(partner),
                },
                delay,
                loss,
                duration: fault.duration.to_string(),
            }),
            ..ScheduleSpec::default()
        };
        self.schedule("net", &fault.schedule, spec)
    }

    fn stress(&self, fault: &Stress) -> Schedule {
        let cpu = CpuStressor {
            workers: fault.workers.get(),
            load: fault.cpu_load.get(),
        };
        let memory = MemoryStressor {
            workers: fault.workers.get(),
            size: fault.memory_size.to_string(),
        };
        let (cpu, memory) = match fault.action {
            StressAction::Cpu => (Some(cpu), None),
            StressAction::Memory => (None, Some(memory)),
            StressAction::CpuAndMemory => (Some(cpu), Some(memory)),
        };
        let spec = ScheduleSpec {
            type_: "StressChaos".into(),
            stress_chaos: Some(StressChaosSpec {
                mode: fault.mode.as_str().into(),
                selector: self.selector(),
                container_names: self.container(),
                stressors: Stressors { cpu, memory },
                duration: fault.duration.to_string(),
            }),
            ..ScheduleSpec::default()
        };
        self.schedule("load", &fault.schedule, spec)
    }

    fn dns(&self, fault: &Dns) -> Schedule {
        let looks_up = self.pods.looks_up.iter();
        let spec = ScheduleSpec {
            type_: "DNSChaos".into(),
            dns_chaos: Some(DnsChaosSpec {
                action: match fault.action {
                    DnsAction::Error => "error",
                    DnsAction::Random => "random",
                }
                .into(),
                mode: fault.mode.as_str().into(),
                selector: self.selector(),
                container_names: self.container(),
                patterns: looks_up.map(|name| self.context.names_of(name)).collect(),
                duration: fault.duration.to_string(),
            }),
            ..ScheduleSpec::default()
        };
        self.schedule("dns", &fault.schedule, spec)
    }

    fn clock(&self, fault: &Clock) -> Schedule {
        let spec = ScheduleSpec {
            type_: "TimeChaos".into(),
            time_chaos: Some(TimeChaosSpec {
                mode: fault.mode.as_str().into(),
                selector: self.selector(),
                container_names: self.container(),
                time_offset: fault.offset.to_string(),
                duration: fault.duration.to_string(),
            }),
            ..ScheduleSpec::default()
        };
        self.schedule("time", &fault.schedule, spec)
    }

    fn io(&self, fault: &Io) -> Schedule {
        let (action, errno) = match fault.action {
            IoAction::Latency => ("latency", None),
            IoAction::Error => ("fault", Some(EIO)),
            IoAction::Full => ("fault", Some(ENOSPC)),
        };
        let spec = ScheduleSpec {
            type_: "IOChaos".into(),
            io_chaos: Some(IoChaosSpec {
                action: action.into(),
                mode: fault.mode.as_str().into(),
                selector: self.selector(),
                container_names: self.container(),
                volume_path: fault
                    .volume_path
                    .as_deref()
                    .unwrap_or(self.pods.data)
                    .to_owned(),
                methods: match fault.action {
                    IoAction::Full => WRITING.map(str::to_owned).to_vec(),
                    IoAction::Latency | IoAction::Error => Vec::new(),
                },
                percent: fault.percent.get(),
                delay: match fault.action {
                    IoAction::Latency => Some(fault.delay.to_string()),
                    IoAction::Error | IoAction::Full => None,
                },
                errno,
                duration: fault.duration.to_string(),
            }),
            ..ScheduleSpec::default()
        };
        self.schedule("disk", &fault.schedule, spec)
    }

    /// All pods of the component on one node: with those of the other components, what SPIRA sees
    /// of a node that stops.
    fn node_failure(&self) -> Option<Object> {
        let fault = &self.context.global.chaos.node_failure;
        let node = fault.node.as_ref()?;
        self.on(true, || {
            let spec = ScheduleSpec {
                type_: "PodChaos".into(),
                pod_chaos: Some(PodChaosSpec {
                    action: "pod-failure".into(),
                    mode: "all".into(),
                    selector: PodSelector {
                        nodes: vec![node.to_string()],
                        ..self.selector_of(self.pods.labels.clone())
                    },
                    duration: Some(fault.duration.to_string()),
                    ..PodChaosSpec::default()
                }),
                ..ScheduleSpec::default()
            };
            self.schedule("node", &fault.schedule, spec)
        })
    }
}

/// Numbers of errors under Linux: a broken disk, and a full one.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;
/// What a full disk refuses, as Chaos Mesh spells it.
const WRITING: [&str; 4] = ["write", "create", "mkdir", "fsync"];
