"""Prints, as JSON, what MLflow's database holds: its revision, experiments, and what is at the database.

usage: read_tables.py
"""

import json

import psycopg2

connection = psycopg2.connect("")
cursor = connection.cursor()
cursor.execute("SELECT version_num FROM alembic_version")
revisions = [row[0] for row in cursor.fetchall()]
cursor.execute("SELECT name, artifact_location FROM experiments ORDER BY experiment_id")
experiments = dict(cursor.fetchall())
cursor.execute("SELECT count(*) FROM experiments")
(count,) = cursor.fetchone()
cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
(tables,) = cursor.fetchone()
print(
    json.dumps(
        {"revisions": revisions, "experiments": experiments, "count": count, "tables": tables}
    )
)
