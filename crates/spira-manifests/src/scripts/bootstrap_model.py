"""Gives the inference server a model to load where the registry has none: a stub.

usage: bootstrap_model.py SECONDS

If the registry has a version for `model_path`, whoever made it, nothing is done. Else the stub is
logged, registered and, where the path names a stage, promoted. MLflow or an object store that is
away is asked again every few seconds; after SECONDS in all the script gives up with 1.

Two at once: each may register a stub; the one with the lowest number serves, and who made another
one deletes it. A version that is no stub is never touched, and a stub leaves the stage when one is
seen there too.
"""

import os
import sys
import time

PAUSE = 3  # seconds between two attempts

# Bounds of MLflow's client, which by itself would try for minutes without a word; it reads them
# when it is imported.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

VARIABLES = (
    "mlflow_conn_url",
    "model_path",
    "BOOTSTRAP_MODEL_NAME",
    "MLFLOW_S3_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "MLFLOW_BUCKET_NAME",
)

# Marks our versions: no other is ever promoted, archived or deleted here.
TAG = "spira.bootstrap"
STUB = "stub"

DIAGNOSIS = "stub: no diagnosis, the real model is not registered"

NOTICE = """\
********************************************************************************
* The model is a STUB: it answers every recording with the same output and the
* diagnosis %r.
* To register the real one, as version of %s:
*   mlflow.pyfunc.log_model(artifact_path=..., python_model=..., registered_model_name=%r)
%s* and restart the inference server, which loads its model once, at its start.
********************************************************************************"""


class Refused(Exception):
    """Something that will not get better by asking again."""


def log(text):
    print(text, flush=True)


def brief(error):
    """The error's text, on one line. Drivers wrap errors: what matters is at either end."""
    text = " ".join(str(error).split())
    return text if len(text) <= 400 else "%s ... %s" % (text[:200], text[-200:])


def path():
    """Name of the model, and the version, stage or `latest` that the inference server loads."""
    parts = os.environ["model_path"].split("/")
    if len(parts) != 3 or parts[0] != "models:" or not parts[2]:
        raise Refused("model_path is not models:/NAME/VERSION: %s" % os.environ["model_path"])
    if parts[1] != os.environ["BOOTSTRAP_MODEL_NAME"]:
        raise Refused("model_path is of another model than %s" % os.environ["BOOTSTRAP_MODEL_NAME"])
    return parts[1], parts[2]


class Registry:
    """What the registry holds of the one model."""

    def __init__(self, name, wanted):
        import mlflow
        from mlflow.tracking import MlflowClient

        mlflow.set_tracking_uri(os.environ["mlflow_conn_url"])
        mlflow.set_registry_uri(os.environ["mlflow_conn_url"])
        self.client = MlflowClient()
        self.name = name
        self.wanted = wanted
        self.by_stage = wanted != "latest" and not wanted.isdigit()

    def versions(self):
        """All versions that can be loaded, lowest number first."""
        found = self.client.search_model_versions("name = '%s'" % self.name)
        return sorted((v for v in found if v.status == "READY"), key=number)

    def serving(self, versions):
        """Those of the versions that the path may mean."""
        if self.by_stage:
            return [v for v in versions if v.current_stage.lower() == self.wanted.lower()]
        if self.wanted.isdigit():
            return [v for v in versions if number(v) == int(self.wanted)]
        return versions

    def register(self):
        """Logs the stub and makes a version of it, which it returns."""
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        run, source = log_stub()
        return self.client.create_model_version(
            self.name,
            source,
            run_id=run,
            tags={TAG: STUB},
            description="Made by SPIRA's bootstrap so that the inference server can start.",
        )

    def promote(self, version):
        # Whatever else is in the stage is not ours to archive.
        self.client.transition_model_version_stage(self.name, version.version, self.wanted)

    def archive(self, stub):
        self.client.transition_model_version_stage(self.name, stub.version, "Archived")
        log("version %s, a stub, left %s" % (stub.version, self.wanted))

    def delete(self, stub):
        self.client.delete_model_version(self.name, stub.version)
        log("version %s, a stub that is not needed: deleted" % stub.version)


def number(version):
    return int(version.version)


def is_stub(version):
    return version.tags.get(TAG) == STUB


def log_stub():
    """Logs the stub and returns its run and where it is."""
    import cloudpickle
    import mlflow
    from mlflow.pyfunc import PythonModel

    class Stub(PythonModel):
        def predict(self, context, model_input):
            return [1.0, 2.0, 3.0, 4.0], DIAGNOSIS

    with mlflow.start_run(run_name="spira-bootstrap-stub") as run:
        mlflow.pyfunc.log_model(
            artifact_path="model",
            python_model=Stub(),
            # Given, because to find them out MLflow would load the model in a process of its own.
            pip_requirements=[
                "mlflow==%s" % mlflow.__version__,
                "cloudpickle==%s" % cloudpickle.__version__,
            ],
        )
        return run.info.run_id, "%s/model" % run.info.artifact_uri


def bucket():
    """The bucket that the client will write to is there. The other bootstrap makes it too."""
    import boto3
    from botocore.client import Config
    from botocore.exceptions import ClientError

    name = os.environ["MLFLOW_BUCKET_NAME"]
    store = boto3.client(
        "s3",
        endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"],
        config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1}),
    )
    try:
        store.head_bucket(Bucket=name)
        return
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
    try:
        store.create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
        store.head_bucket(Bucket=name)
    else:
        log("bucket %s: created" % name)


def bootstrap():
    registry = Registry(*path())
    versions = registry.versions()
    made = None
    if not registry.serving(versions) and not unused_stubs(registry, versions):
        # Only now, because a registry that has its version needs no object store.
        bucket()
        made = registry.register()
        log("version %s of model %s: registered" % (made.version, registry.name))
    settle(registry, made)


def unused_stubs(registry, versions):
    """Stubs that could be promoted: an earlier run was cut off, or another one goes on now."""
    if registry.by_stage:
        return [v for v in versions if is_stub(v) and v.current_stage == "None"]
    following = max(map(number, versions), default=0) + 1
    if registry.wanted.isdigit() and int(registry.wanted) != following:
        raise Refused(
            "model %s has no version %s, and the next one to be registered is not that: the values "
            "need a version that is there, a stage or `latest`" % (registry.name, registry.wanted)
        )
    return []


def settle(registry, made):
    """Of what is registered by now, has one version serve: the same one, whoever looks.

    The real model may have come while the stub was made; so may a stub of another bootstrap.
    """
    versions = registry.versions()
    serving = registry.serving(versions)
    if registry.by_stage and not serving:
        chosen = unused_stubs(registry, versions)[0]
        registry.promote(chosen)
        log("version %s, a stub: promoted to %s" % (chosen.version, registry.wanted))
        return settle(registry, made)
    if not serving:
        registry.delete(made)
        raise Refused("%s got version %s instead" % (os.environ["model_path"], made.version))
    real = [v for v in serving if not is_stub(v)]
    if real and registry.by_stage:
        # Of two in a stage the higher number is loaded, and that may be the stub's.
        for stub in filter(is_stub, serving):
            registry.archive(stub)
    chosen = (real or serving)[0]
    if made and made.version != chosen.version:
        registry.delete(made)
    if real:
        log("model %s is there, version %s" % (os.environ["model_path"], real[-1].version))
    else:
        log("model %s is there, version %s, a stub" % (os.environ["model_path"], chosen.version))
        log(notice(registry))


def notice(registry):
    promotion = ""
    if registry.by_stage:
        promotion = (
            "*   MlflowClient().transition_model_version_stage(%r, VERSION, %r,\n"
            "*     archive_existing_versions=True)\n" % (registry.name, registry.wanted)
        )
    elif registry.wanted.isdigit():
        promotion = "* give its number in global.model.version\n"
    return NOTICE % (DIAGNOSIS, registry.name, registry.name, promotion)


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    missing = [name for name in VARIABLES if name not in os.environ]
    if missing:
        sys.exit("variables that are not set: %s" % ", ".join(missing))
    deadline = time.monotonic() + float(arguments[0])
    values = "global.connections.mlflow, global.connections.objectStore and global.model"
    while True:
        try:
            return bootstrap()
        except Refused as error:
            sys.exit("model: %s" % error)
        except Exception as error:  # Whatever it is, it may be one of a service that is starting.
            reason = "%s: %s" % (type(error).__name__, brief(error))
        if time.monotonic() + PAUSE > deadline:
            sys.exit("model: gave up: %s (see %s in the values)" % (reason, values))
        log("model: not yet: %s" % reason)
        time.sleep(PAUSE)


main(sys.argv[1:])
