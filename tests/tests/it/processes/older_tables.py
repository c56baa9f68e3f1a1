"""Makes the tables as an older MLflow had them, with an experiment in them; prints their revision.

usage: older_tables.py REVISIONS

REVISIONS says by how many revisions they are older than this MLflow's.
"""

import json
import sys

import sqlalchemy
from alembic import command
from alembic.script import ScriptDirectory
from mlflow.store.db import utils
from mlflow.store.tracking.dbmodels.initial_models import Base

url = "postgresql+psycopg2://"
engine = sqlalchemy.create_engine(url)
Base.metadata.create_all(engine)
config = utils._get_alembic_config(url)
revisions = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
older = revisions[int(sys.argv[1])]
with engine.begin() as connection:
    config.attributes["connection"] = connection
    command.upgrade(config, older)
    connection.execute(
        sqlalchemy.text(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage)"
            " VALUES (0, 'Default', 's3://elsewhere/0', 'active'),"
            " (7, 'kept', 's3://elsewhere/7', 'active')"
        )
    )
print(json.dumps({"older": older, "newest": revisions[0]}))
