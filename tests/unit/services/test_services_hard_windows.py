"""Windows that break naive monitoring: answers in words, no traceback, no nan shown as a figure."""

import json

import numpy as np
import pytest

from core.monitoring.profile import ReferenceProfile
from core.scoring.log import open_log
from core.services import monitoring
from core.services.monitoring_timeline import Cut, open_timeline


def log_rows(hoops, rows, labelled=False, probability=0.4):
    """Rows as they are, with one probability for all."""
    open_log(hoops.settings, hoops.spec).append(
        rows,
        probability=np.full(len(rows), probability),
        prediction=np.zeros(len(rows), dtype=np.int8),
        label=np.arange(len(rows)) % 2 * 1.0 if labelled else None,
        source="batch",
        model_version="1",
    )


def hard(hoops, name):
    rows = hoops.rows(80, seed=3)
    if name == "one row":
        return rows[:1]
    if name == "constant":
        return rows.assign(distance=7.0, home=True, zone="left")
    if name == "all missing":
        return rows.assign(distance=np.nan, home=None, zone=None)
    if name == "new category only":
        return rows.assign(zone="moon")
    if name == "all infinite":
        return rows.assign(distance=np.inf)
    return rows.assign(distance=np.where(np.arange(80) % 2, np.inf, rows["distance"]))


NAMES = ["one row", "constant", "all missing", "new category only", "infinite", "all infinite"]


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_words_and_figures_that_are_numbers(hoops, name, labelled):
    log_rows(hoops, hard(hoops, name), labelled)
    result, report = monitoring.monitor(hoops.settings, "hoops")
    json.dumps(result, allow_nan=False)
    assert result["verdict"].endswith(".")
    said = json.dumps([result["verdict"], result["alerts"], result["explanation"]])
    for sign in ("nan", "None", "inf "):
        assert sign not in said
    page = monitoring.report_html(hoops.settings, "hoops", report).split("</script>", 1)[1]
    shown = page.replace("\n", " ").lower()
    assert ">nan<" not in shown
    assert ": nan" not in shown


@pytest.mark.parametrize("name", NAMES)
def test_the_timeline_takes_them_too(hoops, name):
    log_rows(hoops, hard(hoops, name), labelled=True)
    [window] = open_timeline(hoops.settings, "hoops", Cut("batch")).refresh()
    assert window.level in ("alarm", "unknown")
    for figure in (window.worst_psi, window.threshold, window.drift, *window.psi.values()):
        assert figure is None or np.isfinite(figure)


def test_one_bad_batch_does_not_stop_a_check_of_all_rows(hoops, monkeypatch):
    hoops.log(100)
    log_rows(hoops, hard(hoops, "all infinite"))
    monkeypatch.setattr("core.inference_log.records.BLOCK_BYTES", 2000)  # pieces of one batch
    window = monitoring.read_window(hoops.settings, "hoops")
    assert (window.rows, int(window.frame["distance"].isna().sum())) == (180, 80)


def test_one_row_says_that_it_is_too_few(hoops):
    log_rows(hoops, hard(hoops, "one row"))
    result, _ = monitoring.monitor(hoops.settings, "hoops")
    assert result["level"] == "unknown"
    assert "too few rows to judge (1 of at least 30)" in result["verdict"]


def test_a_feature_absent_from_the_profile_is_named_and_the_rest_judged(hoops, monkeypatch):
    hoops.log(100)
    restricted = ReferenceProfile.restricted
    monkeypatch.setattr(
        ReferenceProfile,
        "restricted",
        lambda self, names: restricted(self, [name for name in names if name != "zone"]),
    )
    result, _ = monitoring.monitor(hoops.settings, "hoops")
    assert result["unwatched_features"] == ["zone"]
    assert set(result["features"]) == {"distance", "home"}
    [alert] = [one for one in result["alerts"] if one["rule"] == "unwatched:zone"]
    assert alert["level"] == "unknown"
    assert "train again" in alert["message"]


def test_a_version_without_a_profile_says_what_to_do(hoops, monkeypatch):
    from core.errors import NotReady
    from core.tracking import runs

    def absent(*_):
        raise NotReady("The run run1 holds no reference_profile.json.")

    hoops.log(100)
    monkeypatch.setattr(runs, "artifact_json", absent)
    with pytest.raises(NotReady, match="reference_profile"):
        monitoring.read_window(hoops.settings, "hoops")
