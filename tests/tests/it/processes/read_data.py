"""Prints, as JSON, what is in MongoDB and the object store; the variables are bootstrap_data.py's."""

import json
import os

import urllib3
from minio import Minio
from passlib.context import CryptContext
from pymongo import MongoClient

context = CryptContext(schemes=["bcrypt"])
database = MongoClient(os.environ["M_CONN_URL"])[os.environ["DATABASE_NAME"]]
collections = {}
for name in ("users", "hospitals", "models"):
    documents = list(database[name].find({}))
    for document in documents:
        document["_id"] = str(document["_id"])
    collections[name] = sorted(documents, key=lambda document: document["_id"])
for user in collections["users"]:
    user["verifies"] = context.verify(
        os.environ["BOOTSTRAP_MONGO_PASSWORD"], user.get("password")
    )
indexes = {}
for name in ("users", "hospitals", "models", "results", "inferences"):
    for index in database[name].list_indexes():
        fields = "+".join(index["key"])
        if fields != "_id":
            indexes["%s.%s" % (name, fields)] = bool(index.get("unique"))
store = Minio(
    os.environ["minio_conn_url"],
    access_key=os.environ["minio_access_key"],
    secret_key=os.environ["minio_secret_key"],
    secure=False,
    http_client=urllib3.PoolManager(timeout=5, retries=False),
)
buckets = sorted(bucket.name for bucket in store.list_buckets())
print(json.dumps({**collections, "indexes": indexes, "buckets": buckets}))
