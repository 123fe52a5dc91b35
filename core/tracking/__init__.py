"""The log of every action and the registry of models: the only rooms that import mlflow."""

import os

# MLflow would otherwise report its use to its makers over the network at every start.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
# Its progress bars would fill logs and terminals with copies of local files.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
