"""The one answer to which figures a version is known by, and which may stand side by side."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from core.monitoring.judged import comparable, judged
from core.monitoring.reference import TRAINING, Reference

TEST = {"test_roc_auc": 0.632, "test_f1": 0.6}
RETRAINED = TEST | {"cv_recent_log_loss": 0.65}
ON_PRODUCTION = RETRAINED | {"recent_roc_auc": 0.557, "recent_f1": 0.541}


@dataclass
class Version:
    metrics: dict[str, float]
    training: str = "a"
    tags: dict[str, str] = field(default_factory=lambda: {"data_sha256": "1", "spec_digest": "2"})


@pytest.mark.parametrize(
    ("metrics", "auc", "said"),
    [
        (TEST, 0.632, "ROC AUC 0.632"),
        (RETRAINED, 0.632, "ROC AUC 0.632 on old and new rows"),
        (ON_PRODUCTION, 0.557, "ROC AUC 0.557 on production"),
    ],
)
def test_a_retrained_version_is_known_by_the_rows_that_judged_it(
    metrics: dict[str, float], auc: float, said: str
) -> None:
    found = judged(Version(metrics))
    assert found.metrics["roc_auc"] == auc
    assert found.figure("roc_auc", "ROC AUC") == said
    assert found.figure("kappa", "Kappa") == ""


def test_the_rows_are_called_as_monitor_calls_them() -> None:
    assert judged(Version(TEST)).where == TRAINING.judged
    assert judged(Version(ON_PRODUCTION)).where == Reference(judging_rows=100).judged


def test_only_figures_of_the_same_rows_compare() -> None:
    plain, other = Version(TEST, "a"), Version(TEST, "b")
    assert comparable([]) and comparable([judged(plain), judged(other)])
    elsewhere = Version(TEST, "c", {"data_sha256": "another", "spec_digest": "2"})
    assert not comparable([judged(plain), judged(elsewhere)])
    retrained = Version(ON_PRODUCTION, "d")
    assert not comparable([judged(plain), judged(retrained)])
    assert comparable([judged(retrained), judged(Version(ON_PRODUCTION, "d"))])
    later = judged(Version(ON_PRODUCTION, "e"))
    assert not comparable([judged(retrained), later]), "other rows judged it"
    assert not comparable([judged(Version(RETRAINED, "d")), judged(retrained)])
