//! Numbers that are checked when they are read.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A number outside the range of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} is not {expected}")]
pub struct InvalidNumber {
    /// The number that was given.
    pub value: i64,
    /// What would be right.
    pub expected: &'static str,
}

macro_rules! number_types {
    ($($(#[$doc:meta])* $name:ident($inner:ident): $min:literal ..= $max:expr, expected $expected:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name($inner);

        impl $name {
            /// The smallest and the greatest value.
            pub const RANGE: (i64, i64) = ($min, $max as i64);

            /// The number.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = InvalidNumber;

            fn try_from(value: i64) -> Result<Self, InvalidNumber> {
                let (min, max) = Self::RANGE;
                $inner::try_from(value)
                    .ok()
                    .filter(|_| (min..=max).contains(&value))
                    .map(Self)
                    .ok_or(InvalidNumber { value, expected: $expected })
            }
        }

        impl From<$name> for i64 {
            fn from(value: $name) -> Self {
                Self::from(value.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let (min, max) = Self::RANGE;
                json_schema!({
                    "type": "integer",
                    "minimum": min,
                    "maximum": max,
                    "x-expected": $expected,
                })
            }
        }
    )*};
}

pub(super) use number_types;

number_types! {
    /// A TCP port.
    Port(u16): 1 ..= u16::MAX, expected "a port: 1 to 65535";

    /// How many pods: bounded, since the configuration of a cluster lists each of its pods.
    Replicas(i32): 0 ..= 999, expected "a number of pods: 0 to 999";

    /// How many servers of a cluster that an operator runs.
    Instances(i32): 1 ..= 999, expected "a number of servers: 1 to 999";

    /// How many of something, none among the possibilities.
    Count(i32): 0 ..= i32::MAX, expected "a count: 0 or more";

    /// How many of something, at least one.
    Positive(i32): 1 ..= i32::MAX, expected "a count of at least 1";

    /// The size of a buffer in bytes: room for a request and its head.
    BufferBytes(i32): 65_536 ..= 1_073_741_824, expected "a number of bytes: 65536 (64 KiB) to 1073741824 (1 GiB)";

    /// How many users work at a time.
    Users(i32): 1 ..= 1000, expected "a number of users: 1 to 1000";

    /// How many threads or processes use something up, as many as Chaos Mesh takes.
    Workers(i32): 1 ..= 8192, expected "a number of workers: 1 to 8192";

    /// A share in whole percent.
    Percent(i32): 1 ..= 100, expected "a share in percent: 1 to 100";

    /// How long a request may take, in whole seconds.
    RequestSeconds(i32): 1 ..= 600, expected "a number of seconds: 1 to 600";

    /// A part of a day, in whole seconds.
    DaySeconds(i32): 1 ..= 86_400, expected "a number of seconds: 1 to 86400 (a day)";

    /// A part of a week, in whole seconds.
    WeekSeconds(i32): 1 ..= 604_800, expected "a number of seconds: 1 to 604800 (a week)";

    /// What a random generator starts from.
    Seed(i32): 0 ..= 999_999_999, expected "a seed: 0 to 999999999";

    /// A span of time in whole seconds.
    Seconds(i32): 0 ..= i32::MAX, expected "a number of seconds: 0 or more";
}
