"""Prints, as JSON, the versions of the model, and what the inference server gets by its own calls.

usage: read_model.py [load]
"""

import json
import os
import sys

import mlflow
from mlflow.tracking import MlflowClient

# As SPIRA's inference server does it: the registry by its URL, everything else by default.
mlflow.set_registry_uri(os.environ["mlflow_conn_url"])
answer = None
if "load" in sys.argv:
    mlflow.pyfunc.get_model_dependencies(os.environ["model_path"])
    model = mlflow.pyfunc.load_model(model_uri=os.environ["model_path"])
    answer = model.predict([{"id": "an inference"}, {"aceite": b"a file"}])
name = os.environ["BOOTSTRAP_MODEL_NAME"]
versions = MlflowClient(registry_uri=os.environ["mlflow_conn_url"]).search_model_versions(
    "name = '%s'" % name
)
versions = [
    {"version": one.version, "stage": one.current_stage, "tags": one.tags, "run": one.run_id}
    for one in sorted(versions, key=lambda one: int(one.version))
]
print(json.dumps({"versions": versions, "answer": answer}))
