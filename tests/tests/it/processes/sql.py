"""Runs SQL statements in PostgreSQL, each by itself.

usage: sql.py STATEMENT...
"""

import json
import sys

import psycopg2

connection = psycopg2.connect("")
connection.autocommit = True
for statement in sys.argv[1:]:
    connection.cursor().execute(statement)
print(json.dumps("done"))
