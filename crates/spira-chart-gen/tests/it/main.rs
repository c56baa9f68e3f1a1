//! The generator's heart on the cases that tracing is hard on.

mod bugs;
mod cases;
mod support;
mod tracing;
