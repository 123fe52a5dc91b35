"""The projects that ship are read by the same rules as anybody's; the code knows none of them."""

from __future__ import annotations

import pytest

from core.dataset import spec as specs
from core.settings import REPOSITORY
from core.training.plan import make_plan

SHIPPED = sorted((REPOSITORY / "data").glob("*/project.yaml"))


def test_two_projects_ship() -> None:
    assert [path.parent.name for path in SHIPPED] == ["kobe", "sample"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_projects_load_and_can_be_trained(path: object) -> None:
    spec = specs.load(path)
    assert spec.features == (
        "minutes_remaining",
        "period",
        "playoffs",
        "shot_distance",
        "lat_quadra",
        "lon_quadra",
    )
    assert spec.court is not None
    assert spec.digest
    assert make_plan(spec).fits == sum(m.candidates for m in spec.training.models) * (
        spec.training.folds
    )


def test_the_reference_case_is_trained_as_the_reference_was() -> None:
    spec = specs.load(REPOSITORY / "data" / "kobe" / "project.yaml")
    models = {m.algorithm: (m.candidates, dict(m.settings)) for m in spec.training.models}
    assert models == {"lr": (100, {}), "dt": (400, {"max_depth": 3})}
    assert (spec.training.seed, spec.training.folds, spec.training.metric) == (3128, 10, "F1")
    assert set(dict(spec.downloads)) == {"dev", "prod"}


@pytest.mark.parametrize("word", ["kobe", "bryant", "shot_distance", "shot_made_flag"])
def test_the_code_names_no_project(word: str) -> None:
    """The sample's generator is the one place that must know its own columns."""
    sources = [p for p in (REPOSITORY / "core").rglob("*.py") if p.name != "sample.py"]
    assert len(sources) > 50
    found = [str(p) for p in sources if word in p.read_text(encoding="utf-8").lower()]
    assert found == []
