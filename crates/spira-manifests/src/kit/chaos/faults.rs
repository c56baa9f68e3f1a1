//! The values of faults.

use std::{borrow::Cow, fmt, ops::Deref, str::FromStr, sync::LazyLock};

use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::super::{
    Cron, Duration, InvalidNumber, InvalidString, Workers, numbers::number_types,
    strings::string_types,
};
use super::period::ends_in_time_reference;

string_types! {
    /// How long packets are held back: Chaos Mesh takes one unit only.
    NetworkDelay: pattern r"^[1-9][0-9]*(ms|s)$", max 16, sample "1????ms",
        expected "a delay above 0 in one unit, such as 200ms or 2s";

    /// By how much a clock is wrong, with its sign.
    ClockOffset: pattern r"^-?([1-9][0-9]*h([1-9][0-9]*m)?([1-9][0-9]*s)?|[1-9][0-9]*m([1-9][0-9]*s)?|[1-9][0-9]*s|[1-9][0-9]*ms)$", max 32, sample "-1????s",
        expected "an offset with its unit, such as -10m or 1h30m";

    /// How much memory is used up, of all that there is or in bytes.
    StressSize: pattern r"^([1-9][0-9]*(KB|MB|GB)|([1-9]|[1-9][0-9]|100)%)$", max 16, sample "1????MB",
        expected "an amount such as 256MB, or a percentage from 1% to 100%";

    /// The path at which a volume is mounted.
    MountPath: pattern r"^(/[A-Za-z0-9._-]+)+$", max 255, sample "/zq????qz",
        expected "an absolute path such as /data";
}

number_types! {
    /// A share in percent.
    Percent(i32): 1 ..= 100, expected "a percentage: 1 to 100";
}

/// How many of the pods a fault hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One, chosen at random.
    #[default]
    One,
    /// All of them.
    All,
}

impl Mode {
    /// The mode as Chaos Mesh spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::All => "all",
        }
    }
}

/// One pod, chosen at random, is killed again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodKill {
    /// Whether it happens while `global.chaos.enabled`.
    pub enabled: bool,
    /// When; unset, `global.chaos.schedule`.
    pub schedule: Option<Cron>,
}

impl Default for PodKill {
    fn default() -> Self {
        Self {
            enabled: true,
            schedule: None,
        }
    }
}

/// The component's own container of one pod is killed; its pod stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerKill {
    /// Whether it happens while `global.chaos.enabled`.
    pub enabled: bool,
    /// When.
    pub schedule: Cron,
}

impl Default for ContainerKill {
    fn default() -> Self {
        Self {
            enabled: false,
            schedule: "*/10 * * * *".parse().expect("a constant schedule"),
        }
    }
}

// What every fault that lasts has beside its own fields.
macro_rules! lasting {
    ($($(#[$doc:meta])* $name:ident $(<$partner:ident>)? {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[schemars(extend("allOf" = ends_in_time_reference()))]
        pub struct $name $(<$partner>)? {
            /// Whether it happens while `global.chaos.enabled`.
            pub enabled: bool,
            $($(#[$field_doc])* pub $field: $type,)*
            /// How many of the pods it hits.
            pub mode: Mode,
            /// When it begins.
            pub schedule: Cron,
            /// How long it lasts: less than from one beginning to the next.
            pub duration: Duration,
        }

        impl $(<$partner: Default>)? Default for $name $(<$partner>)? {
            fn default() -> Self {
                Self {
                    enabled: false,
                    $($field: $default,)*
                    mode: Mode::One,
                    schedule: constant("*/10 * * * *"),
                    duration: constant("1m"),
                }
            }
        }
    )*};
}

lasting! {
    /// Pods stay, and what runs in them does not.
    PodFailure {}

    /// The network between the component and another one is cut, loses packets or is slow.
    Network<P> {
        /// What becomes of packets.
        action: NetworkAction = NetworkAction::Partition,
        /// The component at the other end, all pods of it. It must be one of this release.
        towards: P = P::default(),
        /// Which packets, seen from the pods that are hit.
        direction: Direction = Direction::Both,
        /// How many packets `loss` drops, in percent.
        percent: Percent = Percent::try_from(25).expect("a constant percentage"),
        /// How long `delay` holds packets back.
        latency: NetworkDelay = constant("200ms"),
        /// By how much `latency` varies; unset, not at all.
        jitter: Option<NetworkDelay> = None,
    }

    /// CPU or memory is used up within the container's limits.
    Stress {
        /// What is used up.
        action: StressAction = StressAction::Cpu,
        /// How many threads use CPU, or processes memory.
        workers: Workers = Workers::try_from(1).expect("a constant count"),
        /// How busy each thread is, in percent.
        cpu_load: Percent = Percent::try_from(80).expect("a constant percentage"),
        /// How much memory all processes take together.
        memory_size: StressSize = constant("128MB"),
    }

    /// Names of SPIRA's services are not found, or lead nowhere.
    Dns {
        /// What is answered to who asks for them.
        action: DnsAction = DnsAction::Error,
    }

    /// The clock is wrong.
    Clock {
        /// By how much; with a minus it is late.
        offset: ClockOffset = constant("-10m"),
    }

    /// Reading and writing the data volume is slow, fails, or finds the volume full.
    Io {
        /// What becomes of operations.
        action: IoAction = IoAction::Latency,
        /// How many operations it becomes of, in percent.
        percent: Percent = Percent::try_from(50).expect("a constant percentage"),
        /// How long `latency` holds an operation back.
        delay: Duration = constant("100ms"),
        /// Where the volume is mounted; unset, where the operator mounts the data.
        volume_path: Option<MountPath> = None,
    }
}

/// What becomes of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkAction {
    /// None arrives.
    Partition,
    /// Some are dropped.
    Loss,
    /// They come late.
    Delay,
}

/// Which packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Those that are sent.
    To,
    /// Those that are received.
    From,
    /// All.
    Both,
}

/// What is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StressAction {
    /// CPU.
    Cpu,
    /// Memory.
    Memory,
    /// CPU and memory.
    CpuAndMemory,
}

/// What is answered to who asks for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DnsAction {
    /// That it failed.
    Error,
    /// An address at random.
    Random,
}

/// What becomes of operations on files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IoAction {
    /// They are slow.
    Latency,
    /// They fail as on a broken disk (`EIO`).
    Error,
    /// Those that write fail as on a full disk (`ENOSPC`); nothing is really filled.
    Full,
}

// The components that one component has to do with, at the other end of a network: those of the
// contract's edges, and a cluster's own members.
macro_rules! partners {
    ($($(#[$doc:meta])* $name:ident => $component:literal,)*) => {
        /// The component at the other end of a network.
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq,
            ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum Partner {
            $($(#[$doc])* $name,)*
        }

        impl $crate::kit::chaos::Partner for Partner {
            fn component(self) -> &'static str {
                match self {
                    $(Self::$name => $component,)*
                }
            }
        }
    };
}

pub(crate) use partners;

fn constant<T: FromStr<Err: fmt::Debug>>(text: &str) -> T {
    text.parse()
        .expect("a default is a constant that a test reads")
}
