"""What a version is held against, and that a retrained one is not alarmed by its own production."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core.errors import IntegrityError
from core.monitoring import domain as domain_test
from core.monitoring import reference
from core.monitoring.domain import DomainResult
from core.monitoring.drift import feature_drift
from core.monitoring.estimate import estimate_performance
from core.monitoring.judgement import as_json, judge, reference_figures
from core.monitoring.policy import assess
from core.monitoring.profile import ReferenceProfile, build_profile
from core.monitoring.ranking import metrics_of
from core.monitoring.realised import explain_performance
from core.monitoring.reference import TRAINING, Reference
from core.monitoring.window import Window

KINDS = {"distance": "numeric", "minute": "numeric", "home": "boolean", "zone": "categorical"}
RENEWED = Reference(600, 400, 3000, "2007-01-05", "2007-11-06")
METRICS = {"test_roc_auc": 0.8, "test_f1": 0.7, "cv_recent_log_loss": 0.6}
RECENT = {"recent_roc_auc": 0.6, "recent_f1": 0.5}


def test_performance_and_profile_are_chosen_together():
    assert reference.reference_metrics(METRICS) == {"roc_auc": 0.8, "f1": 0.7}
    assert reference.profile_name(METRICS) == "reference_profile.json"
    assert reference.reference_metrics(METRICS | RECENT) == {"roc_auc": 0.6, "f1": 0.5}
    assert reference.profile_name(METRICS | RECENT) == "recent_profile.json"


def test_what_the_rows_are_called():
    assert TRAINING.of("v1 Tree", 5500, 1000) == "4,500 training and 1,000 holdout rows of v1 Tree"
    assert TRAINING.of("v1 Tree", 1000, 1000) == "1,000 holdout rows of v1 Tree"
    assert TRAINING.of("v1 Tree", 4500) == "4,500 training rows of v1 Tree"
    assert (TRAINING.older, TRAINING.explained) == ("", "")
    assert RENEWED.of("v3 Tree", 1000) == (
        "the 1,000 production rows that v3 Tree was retrained for (2007-01-05 to 2007-11-06)"
    )
    assert RENEWED.explained == (
        "The reference is production itself: 600 rows that it learnt from and the 400 newer ones "
        "that judged it; it also learnt from 3,000 older rows."
    )
    timeless = Reference(60, 40, 300)
    assert timeless.of("v3", 100) == "the 100 production rows that v3 was retrained for"
    at_once = Reference(60, 40, 300, "2026-01-05 10:11:12", "2026-01-05 10:11:50")
    assert at_once.of("v3", 100).endswith("retrained for (2026-01-05 10:11)")


def test_a_profile_keeps_where_its_rows_come_from(population):
    frame, probability, label = population(200)
    made = build_profile(frame, KINDS, probability, label, reference=RENEWED)
    stored = made.to_dict()
    assert stored["reference"]["kind"] == "production"
    assert ReferenceProfile.from_dict(stored).reference == RENEWED
    del stored["reference"]  # as versions of before have it
    assert ReferenceProfile.from_dict(stored).reference == TRAINING
    with pytest.raises(IntegrityError, match="damaged"):
        ReferenceProfile.from_dict({**stored, "reference": {"rows_of": 1}})


def _retrained(population, seed):
    """Old rows, recent rows 20 ft further out, and what a version makes of them."""
    old, old_p, old_y = population(3000, seed)
    new, p, y = population(1000, seed + 1)
    new = new.assign(distance=new["distance"] + 20)
    mixed = build_profile(
        pd.concat([old, new], ignore_index=True),
        KINDS,
        np.concatenate([old_p, p]),
        np.concatenate([old_y, y]),
    )
    p_known = np.where(np.arange(1000) < 600, np.nan, p)
    recent = build_profile(new, KINDS, p_known, y, reference=RENEWED)
    whole = metrics_of(np.concatenate([old_y, y]), np.concatenate([old_p, p]), 0.5)
    judging = metrics_of(y[600:], p[600:], 0.5)
    return mixed, recent, {f"test_{n}": v for n, v in whole.items()}, judging


def _window(profile, metrics, rows, probability, label):
    version = SimpleNamespace(version="3", label="v3", threshold=0.5, metrics=metrics)
    return Window(version, profile, rows, probability, label, np.ones(len(rows), dtype=bool))


@pytest.mark.parametrize("seed", range(10, 100, 10))
def test_its_own_production_raises_no_alarm_on_a_retrained_version(population, seed, monkeypatch):
    monkeypatch.setattr(domain_test, "TREES", 10)  # the forest is most of a judgement's time
    mixed, recent, test, judging = _retrained(population, seed)
    rows, p, y = population(800, seed + 2)
    rows = rows.assign(distance=rows["distance"] + 20)
    renewed = test | {f"recent_{name}": value for name, value in judging.items()}
    held = judge(_window(recent, renewed, rows, p, y))
    assert held.assessment.level in ("ok", "warning"), held.assessment.verdict
    assert not [one for one in held.drift if one.level == "alarm"]
    assert held.estimate.status == "estimated"
    before = judge(_window(mixed, test, rows, p, y))
    assert before.assessment.level == "alarm", "old and new rows together"
    assert "distance" in [one.name for one in before.drift if one.level == "alarm"]


def test_the_json_says_what_it_was_held_against(population):
    _, recent, test, judging = _retrained(population, 10)
    rows, p, y = population(100, 12)
    renewed = test | {f"recent_{name}": value for name, value in judging.items()}
    found = as_json(judge(_window(recent, renewed, rows, p, y)), None)["reference"]
    assert found["metrics"]["roc_auc"] == pytest.approx(judging["roc_auc"])
    assert {k: v for k, v in found.items() if k != "metrics"} == {
        "rows": 1000,
        "kind": "production",
        "learnt_rows": 600,
        "judging_rows": 400,
        "older_rows": 3000,
        "since": "2007-01-05",
        "until": "2007-11-06",
    }


def test_all_sentences_about_a_retrained_version_are_true_of_it(population):
    """No word of training or of a holdout: neither is what it is held against."""
    _, recent, _, _ = _retrained(population, 10)
    rows, p, y = population(400, 12)  # the old kind, 20 ft nearer
    rows = rows.assign(zone="behind", home=None)
    drift = feature_drift(recent, rows)
    domain = DomainResult(0.99, (("distance", 1.0),))
    estimate = estimate_performance(recent, rows, p, domain=domain, drift=drift)
    found = assess(drift, estimate, None, {}, domain, held_against=RENEWED)
    fell = {"labelled_rows": 400, "roc_auc": {"value": 0.5, "low": 0.45, "high": 0.55}}
    calm = feature_drift(recent, rows.iloc[:0])
    worse = assess(calm, None, fell, {"roc_auc": 0.8}, None, held_against=RENEWED)
    performance = explain_performance(y, 1 - p, 0.5, {"roc_auc": 0.6, "f1": 0.5}, RENEWED)
    unlike = estimate_performance(recent, rows, p, domain=DomainResult(0.6, ()), drift=drift)
    said = [
        found.verdict,
        worse.verdict,
        estimate.reason,
        unlike.reason,
        *performance,
        *(alert.message for alert in (*found.alerts, *worse.alerts)),
    ]
    assert not [one for one in said if "training" in one or "holdout" in one]
    text = " ".join(said)
    assert "Production has left the rows that the model was retrained for" in text
    assert "it also learnt from 3,000 older rows: if these are of that kind, labels say" in text
    assert "in categories the reference never had" in text
    assert "does worse than on the rows that judged it" in text
    assert "in the reference; check what feeds it" in text
    assert "are unlike any of the rows that the model was retrained for" in text


def test_what_chance_did_to_few_judging_rows_is_no_loss_later(population):
    """F1 0.75 on 400 rows, 0.69 on the next 800: both are one figure, measured twice."""
    known = {"roc_auc": {"value": 0.75, "low": 0.70, "high": 0.80}}
    realised = {"labelled_rows": 800, "roc_auc": {"value": 0.69, "low": 0.66, "high": 0.72}}
    quiet = feature_drift(_retrained(population, 10)[1], population(0)[0])
    assert assess(quiet, None, realised, {"roc_auc": 0.75}).level == "alarm", "as if it were known"
    assert assess(quiet, None, realised, known).alerts == tuple(one for one in assess(quiet).alerts)


def test_the_reference_performance_of_a_retrained_version_has_its_intervals(population):
    mixed, recent, test, judging = _retrained(population, 10)
    renewed = test | {f"recent_{name}": value for name, value in judging.items()}
    rows, p, y = population(60, 12)
    window = _window(recent, renewed, rows, p, y)
    found = reference_figures(window.version, recent)["roc_auc"]
    assert found["low"] < found["value"] == judging["roc_auc"] < found["high"]
    old = _window(mixed, test, rows, p, y)
    assert reference_figures(old.version, mixed)["roc_auc"] == test["test_roc_auc"]


def test_performance_that_held_speaks_for_a_retrained_version(population):
    """Rows outside the reference on which labels show no loss: known ground, by what it learnt."""
    _, recent, _, _ = _retrained(population, 10)
    drift = feature_drift(recent, population(400, 12)[0])
    held = {"labelled_rows": 400, "roc_auc": {"value": 0.8, "low": 0.75, "high": 0.85}}
    said = assess(drift, None, held, {"roc_auc": 0.6}, held_against=RENEWED).verdict
    assert "performance has held on 400 labelled rows so far, and it also learnt from" in said
