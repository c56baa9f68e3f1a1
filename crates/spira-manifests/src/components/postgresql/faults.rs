//! What faults may hit of it.

use crate::{
    Context,
    global::PostgresqlOperator,
    kit::chaos::{Pods, partners},
};

partners! {
    /// MLflow.
    #[default]
    Mlflow => "mlflow",
    /// Its own servers, among themselves.
    Postgresql => "postgresql",
}

/// The pods that faults hit.
pub(super) fn pods(context: &Context) -> Pods<'static> {
    Pods {
        labels: context.pods_of("postgresql"),
        primary: context.postgresql_primary(),
        container: "postgres",
        data: data(context),
        looks_up: &["postgresql"],
    }
}

/// Where the operators mount the data.
fn data(context: &Context) -> &'static str {
    match context.global.connections.postgresql.operator {
        PostgresqlOperator::Zalando => "/home/postgres/pgdata",
        PostgresqlOperator::CloudnativePg => "/var/lib/postgresql/data",
    }
}
