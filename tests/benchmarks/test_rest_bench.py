"""Requests per second through our client beside a bare HTTP session on the same MLflow server."""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests

from core.scoring import endpoint, payload
from core.scoring.client import RestClient
from core.settings import Settings

pytestmark = pytest.mark.bench

SECONDS = float(os.environ.get("COURTSIDE_BENCH_REST_SECONDS", "1.5"))
ROUNDS = 4
CLIENTS = (1, 8, 32)
ROW = pd.DataFrame(
    [
        {
            "minutes_remaining": 3,
            "period": 2,
            "playoffs": False,
            "shot_distance": 12,
            "lat": 34.0443,
            "lon": -118.2698,
        }
    ]
)
KINDS = {
    "minutes_remaining": "numeric",
    "period": "numeric",
    "playoffs": "boolean",
    "shot_distance": "numeric",
    "lat": "numeric",
    "lon": "numeric",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a model as Courtside trains them."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    from core.dataset import shipped_code
    from core.tracking import models, registry, store

    home = tmp_path_factory.mktemp("home")
    random = np.random.default_rng(0)
    rows = pd.concat([ROW] * 500, ignore_index=True).assign(
        shot_distance=random.integers(0, 40, 500)
    )
    *_, shipped = shipped_code.load_all()
    features = shipped.RawFeatures(KINDS, {}, list(KINDS))
    target = (rows["shot_distance"] + random.normal(0, 9, 500) < 18).astype(int)
    pipeline = Pipeline([("features", features), ("classifier", LogisticRegression())])
    pipeline.fit(rows, target)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("COURTSIDE_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        settings = Settings.from_env()
        client = store.client(settings)
        run = client.create_run(store.experiment_id(settings, "shots"))
        logged = models.log_model(
            settings,
            run.info.run_id,
            pipeline,
            rows.head(5),
            shipped_code.FILES,
            shipped_code.TRUSTED_TYPES,
        )
        registry.register(settings, "shots", logged.uri, run.info.run_id, {})
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        folder: Path = home / "endpoint"
        started = endpoint.start(
            folder,
            model_uri="models:/shots/1",
            version="1",
            tracking_uri=settings.tracking_uri,
            port=port,
        )
        try:
            yield started.url
        finally:
            endpoint.stop(folder)


def rate(connect: Callable[[], Callable[[], object]], clients: int) -> float:
    """Requests per second of so many clients, each in a thread with a connection of its own."""
    counts = [0] * clients
    ready = threading.Barrier(clients + 1)
    over = threading.Event()

    def work(place: int) -> None:
        ask = connect()
        ask()
        ready.wait()
        while not over.is_set():
            ask()
            counts[place] += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.perf_counter()
    time.sleep(SECONDS)
    over.set()
    passed = time.perf_counter() - begun
    for thread in threads:
        thread.join()
    return sum(counts) / passed


def bare(url: str) -> Callable[[], Callable[[], object]]:
    """What one would write by hand: a session, a body made once, the answer's JSON."""
    body = payload.encode(ROW)

    def connect() -> Callable[[], object]:
        session = requests.Session()
        session.trust_env = False
        headers = {"Content-Type": "application/json"}
        return lambda: session.post(
            f"{url}/invocations", data=body, headers=headers, timeout=60
        ).json()

    return connect


def ours(url: str) -> Callable[[], Callable[[], object]]:
    def connect() -> Callable[[], object]:
        client = RestClient(url)
        return lambda: client.predict(ROW)

    return connect


@pytest.mark.parametrize("clients", CLIENTS)
def test_our_client_costs_little_beside_a_bare_session(
    served: str, clients: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    for turn in range(ROUNDS):  # in turns, each first as often
        ways = {"ours": ours(served), "bare": bare(served)}
        for name in sorted(ways, reverse=bool(turn % 2)):
            rates[name].append(rate(ways[name], clients))
    mine, theirs = (statistics.median(rates[name]) for name in ("ours", "bare"))
    assert min(mine, theirs) > 0
    with capsys.disabled():
        print(
            f"\n{clients:>2} clients, one row a request: ours {mine:,.0f} requests/s, a bare "
            f"requests.Session {theirs:,.0f}: {mine / theirs:.2f} of it"
        )
