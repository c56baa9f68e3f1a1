"""Puts inferences into SPIRA's stores, or prints those that are there.

usage: inferences.py prepare                make the bucket, the model and the indexes
       inferences.py insert JSON            a list of {"age", "status", "diagnosis", "recordings"}
       inferences.py state                  what is there
       inferences.py blank ID               make a result not available again

`insert` prints the ids. An inference without "diagnosis" has no result document, as one that was
answered with an error; "age" is in seconds. `state` prints, by id, status and diagnosis.
"""

import io
import json
import os
import struct
import sys
import time

import urllib3
from bson import ObjectId
from minio import Minio
from pymongo import MongoClient

database = MongoClient(os.environ["M_CONN_URL"])[os.environ["DATABASE_NAME"]]
inferences, results, models = database["inferences"], database["results"], database["models"]
bucket = os.environ["bucket_name"]
store = Minio(
    os.environ["minio_conn_url"],
    access_key=os.environ["minio_access_key"],
    secret_key=os.environ["minio_secret_key"],
    secure=False,
    http_client=urllib3.PoolManager(timeout=5, retries=False),
)


def prepare():
    store.make_bucket(bucket)
    models.insert_one({"name": "model", "publishing_channel": os.environ["receiving_channel"]})
    results.create_index("inference_id")
    results.create_index("diagnosis")
    inferences.create_index("status")
    return {}


def insert(specs):
    model = str(models.find_one({"name": "model"})["_id"])
    ids = []
    for spec in specs:
        made = ObjectId(struct.pack(">I", int(time.time() - spec["age"])) + os.urandom(8))
        document = {"_id": made, "status": spec["status"], "model_id": model, "user_id": "u"}
        inferences.insert_one(document)
        if "diagnosis" in spec:
            results.insert_one({"inference_id": str(made), "output": [-1], "diagnosis": spec["diagnosis"]})
        for name in spec.get("recordings", ("aceite", "sustentada", "parlenda")):
            store.put_object(bucket, "%s/%s.wav" % (made, name), io.BytesIO(b"RIFF"), 4)
        ids.append(str(made))
    return ids


def state():
    diagnoses = {d["inference_id"]: d["diagnosis"] for d in results.find()}
    return {str(d["_id"]): [d["status"], diagnoses.get(str(d["_id"])), d.get("created_in")] for d in inferences.find()}


def blank(inference):
    written = {"output": [-1], "diagnosis": "not available"}
    return results.update_one({"inference_id": inference}, {"$set": written}).modified_count


act = {"prepare": prepare, "insert": lambda: insert(json.loads(sys.argv[2])), "state": state, "blank": lambda: blank(sys.argv[2])}
print(json.dumps(act[sys.argv[1]]()))
