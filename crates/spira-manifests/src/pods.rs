//! How one component finds another one's pods.

use std::collections::BTreeMap;

use crate::{Context, global::PostgresqlOperator};

/// The label that `CloudNativePG` gives servers, and not the pods of its Jobs.
const INSTANCE_ROLE: &str = "cnpg.io/podRole";

impl Context<'_> {
    /// The labels that all pods of `component` have, and no others: those that this chart gives
    /// them, or those that their operator does, where it takes none of ours.
    #[must_use]
    pub fn pods_of(&self, component: &str) -> BTreeMap<String, String> {
        match component {
            "postgresql" => self.postgresql_pods(),
            _ => self.selector_labels_of(component),
        }
    }

    /// The labels that all pods of `workload`, which may be a part of a component, have: beside those of
    /// [`pods_of`](Self::pods_of) also what its operator runs once, such as the Job in which
    /// `CloudNativePG` copies the data for a new server.
    #[must_use]
    pub fn all_pods_of(&self, workload: &str) -> BTreeMap<String, String> {
        let mut labels = match workload {
            "nats-box" => self.selector_labels_of_part("nats", "nats-box"),
            _ => self.pods_of(workload),
        };
        labels.remove(INSTANCE_ROLE);
        labels
    }

    /// The labels that only the primary among the servers of `PostgreSQL` has, beside those of all.
    #[must_use]
    pub fn postgresql_primary(&self) -> BTreeMap<String, String> {
        let (key, value) = match self.global.connections.postgresql.operator {
            PostgresqlOperator::Zalando => ("spilo-role", "master"),
            PostgresqlOperator::CloudnativePg => ("cnpg.io/instanceRole", "primary"),
        };
        BTreeMap::from([(key.to_owned(), value.to_owned())])
    }

    /// A pattern of the names by which `component` is looked up, its servers' own among them.
    #[must_use]
    pub fn names_of(&self, component: &str) -> String {
        match component {
            // Its operator gives its Service this name, whatever the Tenant's is.
            "minio" => "minio.*".to_owned(),
            _ => format!("{}*", self.fullname_of(component)),
        }
    }

    /// The labels that the operator gives the servers of `PostgreSQL` (SPIRA contract C3, D).
    fn postgresql_pods(&self) -> BTreeMap<String, String> {
        let cluster = self.fullname_of("postgresql");
        match self.global.connections.postgresql.operator {
            PostgresqlOperator::Zalando => BTreeMap::from([
                ("application".to_owned(), "spilo".to_owned()),
                ("cluster-name".to_owned(), cluster),
            ]),
            PostgresqlOperator::CloudnativePg => BTreeMap::from([
                ("cnpg.io/cluster".to_owned(), cluster),
                (INSTANCE_ROLE.to_owned(), "instance".to_owned()),
            ]),
        }
    }
}
