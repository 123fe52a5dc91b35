"""The whole way, nothing faked: a registered model, MLflow's server, the client."""

import socket
import threading
import warnings

import numpy as np
import pandas as pd
import pytest

from core.errors import EndpointError
from core.scoring import endpoint
from core.scoring.client import RestClient
from core.settings import Settings

ROWS = 300


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Settings of a fresh workspace, a champion's pipeline, and the raw rows it knows."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from core.tracking import models, registry, store

    monkeypatch.setenv("COURTSIDE_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings = Settings.from_env()
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "distance": random.normal(12, 4, ROWS),
            "zone": random.choice(["left", "middle", "right"], ROWS),
        }
    )
    target = (rows["distance"] + random.normal(0, 3, ROWS) < 12).astype(int)
    steps = make_column_transformer(
        (SimpleImputer(), ["distance"]), (OneHotEncoder(handle_unknown="ignore"), ["zone"])
    )
    pipeline = make_pipeline(steps, LogisticRegression()).fit(rows, target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = store.client(settings)
        run = client.create_run(store.experiment_id(settings, "shots"))
        logged = models.log_model(settings, run.info.run_id, pipeline, rows.head(5), [], [])
        version = registry.register(settings, "shots", logged.uri, run.info.run_id, {})
        registry.set_alias(settings, "shots", "champion", version)
    return settings, pipeline, rows


@pytest.mark.slow
def test_the_champion_behind_mlflows_server_scores_as_it_does_here(served, tmp_path):
    settings, pipeline, rows = served
    folder = tmp_path / "endpoint"
    try:
        made = endpoint.start(
            folder,
            model_uri="models:/shots@champion",
            version="1",
            tracking_uri=settings.tracking_uri,
            port=free_port(),
            wait_seconds=180,
        )
        assert made.state == "running" and endpoint.is_healthy(made, timeout_seconds=10)
        with RestClient(made.url, rows_per_request=100) as client:
            sent = rows.assign(distance=rows["distance"].mask(rows.index % 7 == 0))
            expected = pipeline.predict_proba(sent)[:, 1]
            np.testing.assert_array_equal(client.predict(sent), expected)
            assert client.version().startswith("3.")
            with pytest.raises(EndpointError, match="The model needs 'zone', which the rows do"):
                client.predict(rows[["distance"]])
            with pytest.raises(EndpointError, match="The model could not score the rows"):
                client.predict(rows.assign(distance="far"))
            assert "/invocations" not in endpoint.log_tail(folder, 200)
            assert endpoint.stop(folder).state == "stopped"
            with pytest.raises(EndpointError, match="is not running: start it"):
                client.predict(rows)
    finally:
        endpoint.stop(folder)


@pytest.mark.slow
def test_mlflows_server_hands_over_to_the_next_without_a_failed_request(served, tmp_path):
    settings, _, rows = served
    folder, port = tmp_path / "endpoint", free_port()
    order = {"model_uri": "models:/shots/1", "tracking_uri": settings.tracking_uri, "port": port}
    failures, answered, over = [], [], threading.Event()

    def keep_asking(url):
        kept = RestClient(url)
        while not over.is_set():
            try:
                with RestClient(url) as fresh:
                    answered.append((len(fresh.predict(rows[:3])), len(kept.predict(rows[:3]))))
            except EndpointError as exc:
                failures.append(str(exc))
        kept.close()

    try:
        first = endpoint.start(folder, version="1", **order)
        asking = threading.Thread(target=keep_asking, args=(first.url,))
        asking.start()
        second = endpoint.start(folder, version="2", **order)
        over.set()
        asking.join()
        assert failures == [] and set(answered) == {(3, 3)}
        assert (second.version, second.url) == ("2", first.url) and second.pid != first.pid
    finally:
        over.set()
        endpoint.stop(folder)


@pytest.mark.slow
def test_a_version_that_mlflow_does_not_know_is_named(served, tmp_path):
    settings, _, _ = served
    with pytest.raises(EndpointError, match=r"ended before it answered: .*version=9\) not found"):
        endpoint.start(
            tmp_path / "endpoint",
            model_uri="models:/shots/9",
            version="9",
            tracking_uri=settings.tracking_uri,
            port=free_port(),
            wait_seconds=180,
        )
