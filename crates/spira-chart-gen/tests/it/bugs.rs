//! Builders that do what tracing cannot follow.
