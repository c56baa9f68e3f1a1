//! Installs SPIRA into a cluster by server-side apply, without Helm.
//!
//! The order of things: read the values; ask the cluster what it serves and what it holds; build the
//! objects; ask the library whether something speaks against them, and the API server too, by a dry
//! run of all; only then apply them, in the order in which they need each other; wait.

mod cluster;
mod error;
mod wait;

use std::{io::Write, path::PathBuf, time::Duration};

use clap::Parser;
use spira_manifests::{
    Object, Release,
    document::{self, Loaded, Sources},
    order, refusal,
};

use self::cluster::{Change, Cluster};
pub use self::error::Error;

/// Installs SPIRA, or changes an installation, by server-side apply.
///
/// Nothing is pruned: objects that the values no longer ask for stay, and so do Jobs of earlier
/// templates. A Job runs again only when its template changes. Pods of `helm test` are left out.
///
/// Exit codes: 0 done; 2 wrong use; 3 refused, and nothing was changed; 4 applied, but not ready in
/// time; 1 anything else, and some objects may have been applied: run it again.
#[derive(Debug, Parser)]
#[command(name = "apply", verbatim_doc_comment)]
pub struct Apply {
    /// The release's name, which the objects' names start with.
    release: String,
    /// The namespace, which must be there [default: the context's].
    #[arg(short, long)]
    namespace: Option<String>,
    /// A values file, `-` for standard input; later ones before earlier ones.
    #[arg(short = 'f', long, value_name = "FILE")]
    values: Vec<PathBuf>,
    /// A value, such as `nats.replicas=5`, as Helm reads it.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// The kubeconfig [default: $KUBECONFIG, ~/.kube/config, or the pod's own account].
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context [default: its current one].
    #[arg(long)]
    context: Option<String>,
    /// Only say what would change, as the API server answers.
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,
    /// Take over fields that somebody else set to something else.
    #[arg(long)]
    force_conflicts: bool,
    /// Wait until what runs pods is ready: each Deployment, each StatefulSet, and each Job has succeeded.
    #[arg(long)]
    wait: bool,
    /// For how long, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "wait")]
    timeout: u64,
}

impl Apply {
    /// Does it, and tells `out` a line for each object.
    ///
    /// # Errors
    /// If the values are wrong, the cluster cannot be reached, or something speaks against installing:
    /// [`Error::exit_code`] says how far it came.
    pub async fn run(&self, out: &mut impl Write) -> Result<(), Error> {
        // The values of all of SPIRA are too large to be moved about with a future.
        let loaded = Box::new(document::load(&Sources {
            files: self.values.clone(),
            set: self.set.clone(),
            ..Sources::default()
        })?);
        let kubeconfig = self.kubeconfig.as_deref();
        let cluster = Cluster::connect(kubeconfig, self.context.as_deref()).await?;
        let namespace = self.namespace.as_deref();
        let cluster = cluster.within(namespace, self.force_conflicts).await?;
        let release = cluster.release(&self.release, &loaded).await?;
        let objects = objects(&loaded, &release)?;
        let (hooks, objects): (Vec<_>, Vec<_>) = objects
            .into_iter()
            .partition(|object| object.hook().is_some());

        let would = cluster.dry_run(&objects).await?;
        for (object, would) in objects.iter().zip(would) {
            let change = if self.dry_run {
                would
            } else {
                cluster.apply(object).await?
            };
            tell(out, change, object)?;
        }
        for hook in &hooks {
            writeln!(
                out,
                "{:10} {} (Helm's {} hook)",
                "left out",
                title(hook),
                hook.hook().unwrap_or_default()
            )?;
        }
        if self.wait {
            let timeout = Duration::from_secs(self.timeout);
            wait::until_ready(&cluster, &objects, timeout, out).await?;
        }
        Ok(())
    }
}

/// The objects in the order in which they are applied, if nothing speaks against them.
fn objects(loaded: &Loaded, release: &Release) -> Result<Vec<Object>, Error> {
    let mut objects = loaded.objects(release)?;
    refusal::check(loaded, release, &objects.iter().collect::<Vec<_>>())?;
    order::sort(&mut objects);
    Ok(objects)
}

fn tell(out: &mut impl Write, change: Change, object: &Object) -> Result<(), Error> {
    let change = match change {
        Change::Created => "created",
        Change::Changed => "changed",
        Change::None => "unchanged",
    };
    Ok(writeln!(out, "{change:10} {}", title(object))?)
}

/// An object as a person names it.
fn title(object: &Object) -> String {
    format!("{}/{}", object.kind(), object.name())
}
