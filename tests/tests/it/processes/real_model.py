"""Registers a model as a person would, and promotes it if a stage is given.

usage: real_model.py [STAGE]
"""

import json
import os
import sys

import mlflow
from mlflow.tracking import MlflowClient

mlflow.set_tracking_uri(os.environ["mlflow_conn_url"])


class Real(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input):
        return [0.5], "real"


name = os.environ["BOOTSTRAP_MODEL_NAME"]
mlflow.pyfunc.log_model(
    artifact_path="real",
    python_model=Real(),
    registered_model_name=name,
    pip_requirements=["mlflow==2.3.0"],
)
client = MlflowClient()
version = max(int(one.version) for one in client.search_model_versions("name = '%s'" % name))
for stage in sys.argv[1:]:
    client.transition_model_version_stage(name, version, stage, archive_existing_versions=True)
print(json.dumps(version))
