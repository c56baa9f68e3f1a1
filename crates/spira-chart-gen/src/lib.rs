//! Renders the objects of `spira-manifests` into the Helm chart `charts/spira`.
