"""A file scored in the background by a real worker: to its end, cancelled, killed, and again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from core import jobs, processes
from core.dataset import shipped_code
from core.dataset import spec as specs
from core.files import write_text
from core.inference_log import verify
from core.jobs import JobView
from core.jobs.folder import JobFolder
from core.scoring.log import open_log
from core.scoring.order import Order
from core.services import scoring, scoring_jobs
from core.settings import Settings
from core.tracking import models, registry, runs
from core.training.pipeline import assemble, feature_steps

PROJECT = "shop"
SPEC = """
title: Shop
target: {column: bought, positive: 1}
columns: {price: numeric, visits: numeric}
identify: order_id
rows: {drop_missing: all}
"""
# Four pieces, of whose rows some cannot be scored.
ROWS, UNUSABLE = 200_000, 200
# Makes a piece take about a second: time to be stopped half way.
TRAINING_ROWS = 5_000
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Shop:
    """A project with a registered model and an order to score a file with it."""

    settings: Settings
    order: Order

    def submit(self) -> str:
        return scoring_jobs.submit(self.settings, self.order).job_id

    def worker(self, job_id: str) -> psutil.Process:
        folder = JobFolder.existing(self.settings.scoring_jobs_dir(PROJECT), job_id)
        return psutil.Process(folder.read_state().pid)

    def view(self, job_id: str) -> JobView:
        """The job as the page lists it."""
        found = scoring_jobs.listed(self.settings, PROJECT)
        return next(view for view in found if view.job_id == job_id)

    def ended(self, job_id: str) -> JobView:
        return self.until(job_id, lambda view: not view.is_live)

    def half_way(self, job_id: str) -> None:
        """Wait until some pieces are through, and not all."""

        def some(view: JobView) -> bool:
            assert view.is_live, view.message
            return view.progress is not None and view.progress.stage == "Scoring"

        view = self.until(job_id, some)
        assert view.progress is not None and 0 < view.progress.done < ROWS
        assert list(self.order.out.parent.glob(f".{self.order.out.stem}*")), "half a file"
        assert self.logged() == 0

    def until(self, job_id: str, condition: Callable[[JobView], bool]) -> JobView:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if condition(view := self.view(job_id)):
                return view
            time.sleep(0.02)
        raise AssertionError(scoring_jobs.log_tail(self.settings, PROJECT, job_id))

    def logged(self) -> int:
        return open_log(self.settings, specs.load(self.settings.spec_file(PROJECT))).rows()

    def files(self) -> set[str]:
        """Whatever lies where scored files and the log belong, under whatever name."""
        folder = self.settings.layer(PROJECT, "07_model_output")
        return {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and path.name != "inference_log.lock"
        }

    def run_statuses(self) -> list[str]:
        return [run.status for run in runs.search(self.settings, PROJECT, "tags.action = 'score'")]


def registered(settings: Settings, estimator: Any) -> None:
    """Put a fitted pipeline into the registry as a training would."""
    spec = specs.load(settings.spec_file(PROJECT))
    train = table(TRAINING_ROWS, seed=1)
    raw = train[list(spec.raw_columns)]
    steps = feature_steps(spec)
    pipeline = assemble(steps, estimator.fit(steps.fit_transform(raw), train["bought"]))
    with runs.action(settings, PROJECT, "train") as log:
        stored = models.log_model(
            settings,
            log.run_id,
            pipeline,
            raw.head(2),
            shipped_code.FILES,
            shipped_code.TRUSTED_TYPES,
        )
    tags = {"model_sha256": stored.sha256, "algorithm": "knn", "title": "Model"}
    registry.register(settings, PROJECT, stored.uri, log.run_id, tags)
    registry.set_alias(settings, PROJECT, "champion", "1")


def table(rows: int, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    price, visits = generator.gamma(3, 10, rows), generator.integers(0, 30, rows).astype(float)
    chance = 1 / (1 + np.exp((price - 5 * visits) / 20))
    bought = (generator.random(rows) < chance).astype(int)
    return pd.DataFrame({"price": price, "visits": visits, "bought": bought})


def made(settings: Settings, estimator: Any) -> Shop:
    write_text(settings.spec_file(PROJECT), SPEC)
    registered(settings, estimator)
    rows = table(ROWS, seed=2).assign(order_id=np.arange(ROWS))
    rows.loc[:: ROWS // UNUSABLE, "price"] = np.nan
    source = settings.inbox(PROJECT) / "july.parquet"
    source.parent.mkdir(parents=True)
    rows.to_parquet(source, index=False)
    out = scoring.output_path(settings, PROJECT, source.name)
    return Shop(settings, Order(PROJECT, source, out, "1", shown_as=source.name))


@pytest.fixture
def shop(workspace: Settings) -> Iterator[Callable[[Any], Shop]]:
    """Makes the project with a model; what still runs at the end is cancelled."""
    yield lambda estimator: made(workspace, estimator)
    folder = workspace.scoring_jobs_dir(PROJECT)
    for view in jobs.list_jobs(folder):
        jobs.cancel(folder, view.job_id)


def whole(shop: Shop, view: JobView) -> None:
    """All rows are logged once, and lie in the files that the result names."""
    assert view.state == "succeeded", view.message
    assert view.result is not None
    result = scoring.result_from_json(shop.settings, PROJECT, view.result)
    summary = result.summary
    assert (summary["rows_scored"], summary["rows_rejected"]) == (ROWS - UNUSABLE, UNUSABLE)
    assert view.attachments["rows_logged"] == str(ROWS - UNUSABLE)
    assert summary["metrics"]["roc_auc"] > 0.6
    scored = pd.read_parquet(result.output)
    log = open_log(shop.settings, specs.load(shop.settings.spec_file(PROJECT)))
    logged = log.tail(ROWS)
    assert logged["prediction_id"].tolist() == scored["prediction_id"].tolist()
    assert set(logged["request_id"]) == {summary["run_id"]}
    assert result.rejected is not None
    assert len(pd.read_parquet(result.rejected)) == UNUSABLE
    assert verify(log.path) == []
    assert not [name for name in shop.files() if name.rpartition("/")[2].startswith(".")]
    assert runs.get(shop.settings, summary["run_id"]).status == "FINISHED"


def test_it_goes_to_its_end_in_a_process_of_its_own(shop: Callable[[Any], Shop]) -> None:
    made = shop(LogisticRegression())
    job_id = made.submit()
    worker = made.worker(job_id)
    assert os.getsid(worker.pid) == worker.pid != os.getpid()
    whole(made, made.ended(job_id))
    events, _ = jobs.events(made.settings.scoring_jobs_dir(PROJECT), job_id)
    done = [event.done for event in events if event.stage == "Scoring"]
    assert done == sorted(done) and done[-1] == ROWS


@pytest.mark.slow
def test_cancelled_half_way_nothing_is_left_and_it_can_be_run_again(
    shop: Callable[[Any], Shop],
) -> None:
    made = shop(KNeighborsClassifier(algorithm="brute"))
    job_id = made.submit()
    made.half_way(job_id)
    worker = made.worker(job_id)
    view = scoring_jobs.cancel(made.settings, PROJECT, job_id)
    assert view.state == "cancelled"
    assert not processes.is_alive(worker)
    assert made.files() == set()
    assert made.logged() == 0
    assert made.run_statuses() == ["KILLED"]
    whole(made, made.ended(scoring_jobs.retry(made.settings, PROJECT, job_id).job_id))


@pytest.mark.slow
def test_killed_half_way_it_is_lost_without_a_trace_and_can_be_run_again(
    shop: Callable[[Any], Shop],
) -> None:
    made = shop(KNeighborsClassifier(algorithm="brute"))
    job_id = made.submit()
    made.half_way(job_id)
    made.worker(job_id).kill()
    view = made.ended(job_id)
    assert (view.state, view.result) == ("lost", None)
    assert "SIGKILL" in view.message
    assert made.files() == set()
    assert made.logged() == 0
    assert made.run_statuses() == ["FAILED"]
    whole(made, made.ended(scoring_jobs.retry(made.settings, PROJECT, job_id).job_id))


@pytest.mark.slow
def test_killed_once_its_rows_are_logged_a_retry_finishes_it_and_logs_none(
    shop: Callable[[Any], Shop],
) -> None:
    made = shop(LogisticRegression())
    job_id = made.submit()
    worker = made.worker(job_id)
    while not made.logged():
        assert processes.is_alive(worker)
    worker.kill()
    view = made.ended(job_id)
    assert view.state == "lost"
    assert scoring_jobs.resumable(made.settings, PROJECT) == {job_id: ROWS - UNUSABLE}
    whole(made, made.ended(scoring_jobs.retry(made.settings, PROJECT, job_id).job_id))
    scoring.finish_interrupted(made.settings, PROJECT)
    assert not [name for name in made.files() if name.startswith("unfinished")]
