"""Makes MLflow's tables, or brings them to what this MLflow wants, while no other pod does.

usage: mlflow_migrate.py SECONDS

The server would make missing tables itself, but all replicas at once, and it refuses to start on
tables of another version. Here one pod works under a lock of the database; the others wait and
find nothing to do. A database that is away, not made yet or without our role is asked again every
few seconds; after SECONDS in all the script gives up with 1. Migrating itself has no bound.

Where the database is comes from libpq's own variables (PGHOST, PGDATABASE, ...). With
MLFLOW_DEFAULT_ARTIFACT_ROOT, the experiment `Default` is made too, as the server would do.
"""

import os
import sys
import time

PAUSE = 3  # seconds between two attempts

URL = "postgresql+psycopg2://"

# Any number, as long as all pods and versions of this script agree on it.
LOCK = 0x53706972616D6C66


class Refused(Exception):
    """Something that will not get better by asking again."""


class Locked(Exception):
    """Another pod is at it."""


def log(text):
    print(text, flush=True)


def migrate():
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    engine = sqlalchemy.create_engine(URL, poolclass=NullPool, connect_args={"connect_timeout": 5})
    # A connection of its own holds the lock, which thus ends with this process at the latest, and
    # no transaction.
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        lock = sqlalchemy.text("SELECT pg_try_advisory_lock(%d)" % LOCK)
        if not connection.execute(lock).scalar():
            raise Locked("another pod is migrating")
        tables(engine)
        default_experiment(engine)


def tables(engine):
    from mlflow import __version__
    from mlflow.store.db import utils
    from mlflow.store.tracking.dbmodels.initial_models import Base

    have, want = utils._get_schema_version(engine), utils._get_latest_schema_revision()
    if have == want:
        log("tables: as MLflow %s wants them (%s)" % (__version__, want))
        return
    if have and not known(have):
        raise Refused(
            "the tables are of a newer MLflow: their revision %s is unknown to MLflow %s"
            % (have, __version__)
        )
    log("tables: from %s to %s, for MLflow %s" % (have or "nothing", want, __version__))
    if not have:
        # The first revision expects these. They are there if another run was cut off after them.
        Base.metadata.create_all(engine)
    # All revisions are one transaction: cut off, it leaves the tables as they were.
    utils._upgrade_db(engine)
    log("tables: done")


def known(revision):
    from alembic.script import ScriptDirectory
    from mlflow.store.db import utils

    script = ScriptDirectory.from_config(utils._get_alembic_config(""))
    return any(revision == one.revision for one in script.walk_revisions())


def default_experiment(engine):
    """Also made by each server that finds none, and of three at once two would fail over it."""
    root = os.environ.get("MLFLOW_DEFAULT_ARTIFACT_ROOT")
    if not root:
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(URL, root)
    default = store.get_experiment(SqlAlchemyStore.DEFAULT_EXPERIMENT_ID)
    log("experiment %s: its artifacts go to %s" % (default.name, default.artifact_location))
    if not default.artifact_location.startswith(root.rstrip("/") + "/"):
        log("  although the root is %s: an experiment keeps the place it was made with" % root)


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    deadline = time.monotonic() + float(arguments[0])
    values = "global.connections.postgresql"
    while True:
        try:
            return migrate()
        except Refused as error:
            sys.exit("postgresql: %s" % error)
        except ImportError as error:
            sys.exit("postgresql: this image lacks what MLflow needs for PostgreSQL: %s" % error)
        except Exception as error:  # Whatever it is, it may be one of a database that is starting.
            reason = "%s: %s" % (type(error).__name__, str(getattr(error, "orig", error)).strip())
        if time.monotonic() + PAUSE > deadline:
            sys.exit("postgresql: gave up: %s (see %s in the values)" % (reason, values))
        log("postgresql: not yet: %s" % reason)
        time.sleep(PAUSE)


main(sys.argv[1:])
