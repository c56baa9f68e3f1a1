//! The generator's heart on the cases that tracing is hard on.

#[macro_use]
mod support;

mod bugs;
mod cases;
mod text;
mod tracing;
