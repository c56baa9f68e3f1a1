//! Faults that Chaos Mesh makes, the same for every component.

mod faults;
mod period;
mod schedules;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use faults::partners;
pub use faults::{
    Clock, ClockOffset, ContainerKill, Direction, Dns, DnsAction, Io, IoAction, Mode, MountPath,
    Network, NetworkAction, NetworkDelay, Percent, PodFailure, PodKill, Stress, StressAction,
    StressSize,
};
pub(crate) use period::{ENDS_IN_TIME, ends_in_time, ends_in_time_reference};
pub use schedules::{Pods, kill_name};

/// A component at the other end of a network.
pub trait Partner: Copy {
    /// Its name.
    fn component(self) -> &'static str;
}

// The faults that every component has, and those that only some have: serde cannot flatten a struct
// into one that refuses unknown keys.
macro_rules! chaos {
    ($(#[$doc:meta])* $name:ident { $($(#[$more_doc:meta])* $more:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[schemars(rename = "Chaos")]
        pub struct $name<P> {
            $($(#[$more_doc])* pub $more: $type,)*
            /// One pod, chosen at random, is killed again and again.
            pub pod_kill: PodKill,
            /// Pods stay, and what runs in them does not.
            pub pod_failure: PodFailure,
            /// The component's own container of one pod is killed; its pod stays.
            pub container_kill: ContainerKill,
            /// The network between the component and another one is cut, loses packets or is slow.
            pub network: Network<P>,
            /// CPU or memory is used up within the container's limits.
            pub stress: Stress,
            /// Names of SPIRA's services are not found, or lead nowhere.
            pub dns: Dns,
            /// The clock is wrong.
            pub clock: Clock,
        }
    };
}

chaos! {
    /// Faults of a component's pods. There are none unless `global.chaos.enabled`.
    Chaos {}
}

chaos! {
    /// Faults of a store's pods. There are none unless `global.chaos.enabled`.
    StoreChaos {
        /// Reading and writing the data volume is slow, fails, or finds the volume full.
        io: Io,
    }
}

chaos! {
    /// Faults of the pods of a store with one primary. There are none unless `global.chaos.enabled`.
    PrimaryChaos {
        /// Whether faults hit the primary only, and never a replica. A fault of a whole node hits
        /// both.
        primary_only: bool,
        /// Reading and writing the data volume is slow, fails, or finds the volume full.
        io: Io,
    }
}
