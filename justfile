# `just --list` shows what there is. Every recipe is one command that also works by itself.

# all that CI checks
check: lint doc deny test
    cargo run --quiet -p spira-chart-gen -- generate --check

# all tests; builds what they need of tools/ on first use
test:
    cargo test --workspace

# formatting and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    test -z "$(gofmt -l tools)"

# documentation without warnings
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# the published crates with the oldest Rust that they promise; rustup fetches it on first use
msrv:
    cargo +1.88.0 check --locked -p spira-manifests -p spira-chart-gen

# what would be published of the two crates, built as a user of the registry would build it
crates:
    cargo publish --dry-run --locked -p spira-manifests -p spira-chart-gen

# licences, advisories and sources of dependencies
deny:
    cargo deny check

# write charts/ from the Rust sources
generate:
    cargo run --quiet -p spira-chart-gen -- generate

# install the chart on a control plane of its own
try *ARGS:
    cargo xtask try {{ARGS}}

# measure
bench *ARGS:
    cargo run --quiet --release -p xtask -- bench {{ARGS}}

# the chart as a package, with what its version changes
package *ARGS:
    cargo xtask package {{ARGS}}

# package the chart and push it, such as to oci://ghcr.io/spirabr/charts
publish REGISTRY *ARGS:
    cargo xtask publish {{REGISTRY}} {{ARGS}}

# what changed since the last release, and whether the version's number says so
changes *ARGS:
    cargo run --quiet -p spira-chart-gen -- changes {{ARGS}}
