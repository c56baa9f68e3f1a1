//! Waiting until what was applied is ready.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use spira_manifests::{
    Object,
    readiness::{self, Readiness},
};

use super::{cluster::Cluster, error::Error, title};

/// The time from one look to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// The kinds of which [`readiness::of`] knows more than that they are there.
const KINDS: [&str; 3] = ["Deployment", "StatefulSet", "Job"];

/// Asks for each workload again and again until it is ready, and tells when it is.
///
/// # Errors
/// If a Job fails, or something is not ready in time.
pub async fn until_ready(
    cluster: &Cluster,
    objects: &[Object],
    timeout: Duration,
    out: &mut impl Write,
) -> Result<(), Error> {
    let start = Instant::now();
    let workloads = objects
        .iter()
        .filter(|object| KINDS.contains(&object.kind()));
    let mut pending: Vec<&Object> = workloads.collect();
    loop {
        let mut still = Vec::new();
        let (mut lines, mut has_failed) = (Vec::new(), false);
        for object in pending {
            let text = match readiness(cluster, object).await? {
                Readiness::Ready => {
                    writeln!(out, "{:10} {}", "ready", title(object))?;
                    continue;
                }
                Readiness::Waiting(text) => text,
                Readiness::Failed(text) => {
                    has_failed = true;
                    text
                }
            };
            lines.push(format!("- {}: {text}", title(object)));
            still.push(object);
        }
        if still.is_empty() {
            return Ok(());
        }
        if has_failed || start.elapsed() >= timeout {
            return Err(Error::NotReady {
                seconds: start.elapsed().as_secs(),
                lines,
            });
        }
        pending = still;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn readiness(cluster: &Cluster, object: &Object) -> Result<Readiness, Error> {
    let live = cluster.live(object).await?;
    let gone = || Readiness::Failed("somebody has deleted it".to_owned());
    Ok(live.map_or_else(gone, |live| readiness::of(&live)))
}
