//! How one component finds another one's pods.

use std::collections::BTreeMap;

use crate::{Context, global::PostgresqlOperator};

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
                ("cnpg.io/podRole".to_owned(), "instance".to_owned()),
            ]),
        }
    }
}
