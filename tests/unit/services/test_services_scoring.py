"""Scoring a file and a row: what is logged, what is kept, what is refused."""

import io

import numpy as np
import pandas as pd
import pytest

from core.errors import DataFileError, SchemaError
from core.services import (
    row_form,
    row_scoring,
    scoring,
    scoring_figures,
    serving,
    uploads,
)


def test_a_file_is_scored_and_every_row_logged_once(hoops, tmp_path):
    rows = hoops.rows(50)
    source = tmp_path / "prod.csv"
    rows.assign(note="x", made=hoops.labels(rows)).to_csv(source, index=False)
    out = scoring.output_path(hoops.settings, "hoops", "prod.csv")
    result = scoring.score_file(hoops.settings, "hoops", source, out)
    assert result.summary["rows_scored"] == hoops.logged() == 50
    assert result.summary["rows_labelled"] == 50
    assert result.summary["metrics"]["roc_auc"] > 0.5
    head = scoring.head(out, 5)
    assert list(head)[:4] == ["distance", "home", "zone", "note"]
    assert len(head) == 5
    csv = pd.read_csv(io.BytesIO(scoring.download_bytes(out, "csv")))
    assert len(csv) == 50


def test_rejected_rows_have_reasons_and_counts_add_up(hoops, tmp_path):
    rows = hoops.rows(20).astype({"distance": object})
    rows.loc[:2, "distance"] = "far"
    rows.loc[3, "zone"] = None
    source = tmp_path / "prod.csv"
    rows.to_csv(source, index=False)
    out = scoring.output_path(hoops.settings, "hoops", "prod.csv")
    result = scoring.score_file(hoops.settings, "hoops", source, out)
    assert (result.summary["rows_scored"], result.summary["rows_rejected"]) == (16, 4)
    assert result.reasons == {"distance: not a finite number": 3, "zone: missing": 1}
    assert result.rejected is not None
    assert hoops.logged() == 16


def test_a_file_that_does_not_fit_changes_nothing(hoops, tmp_path):
    source = tmp_path / "prod.csv"
    hoops.rows(5).rename(columns={"distance": "Distance"}).to_csv(source, index=False)
    diff = scoring.check_file(hoops.settings, "hoops", source).diff
    assert diff.missing == ("distance",)
    assert diff.renames == (("distance", "Distance"),)
    out = scoring.output_path(hoops.settings, "hoops", "prod.csv")
    with pytest.raises(SchemaError, match="is it 'Distance'"):
        scoring.score_file(hoops.settings, "hoops", source, out)
    assert not out.exists()
    assert hoops.logged() == 0


def test_a_row_is_logged_once_and_exploring_logs_nothing(hoops):
    values = {"distance": 4, "home": True, "zone": "left"}
    explored = row_scoring.explore_row(hoops.settings, "hoops", values)
    assert hoops.logged() == 0
    result = row_scoring.score_row(hoops.settings, "hoops", values)
    assert result.probability == explored
    assert (result.prediction, hoops.logged()) == (1, 1)
    last = scoring.recent_rows(hoops.settings, "hoops").iloc[0]
    assert (last["prediction_id"], last["source"]) == (result.prediction_id, "form")


def test_a_row_through_rest_is_marked_so(hoops):
    values = {"distance": 4, "home": True, "zone": "left"}
    result = row_scoring.score_row(
        hoops.settings, "hoops", values, through=lambda frame: np.array([0.5])
    )
    assert (result.probability, result.prediction) == (0.5, 0)  # at the threshold: negative
    assert scoring.recent_rows(hoops.settings, "hoops").iloc[0]["source"] == "rest"


def test_a_row_with_a_gap_is_refused_and_not_logged(hoops):
    with pytest.raises(SchemaError, match="distance: missing"):
        row_scoring.score_row(hoops.settings, "hoops", {"home": True, "zone": "left"})
    assert hoops.logged() == 0


def test_an_upload_is_a_file_for_the_block_only(hoops):
    with uploads.received(hoops.settings, "hoops", "My File.CSV", io.BytesIO(b"a\n1\n")) as path:
        assert path.name == "My_File.csv"
        assert path.read_bytes() == b"a\n1\n"
        assert path.is_relative_to(hoops.settings.home)
    assert not path.parent.exists()
    with (
        pytest.raises(DataFileError),
        uploads.received(hoops.settings, "hoops", "../x.csv", io.BytesIO(b"")),
    ):
        pass


def test_the_form_is_filled_from_training(hoops):
    profile = scoring.profile(hoops.settings, hoops.versions[0])
    distance, home, zone = row_form.fields(hoops.spec, profile)
    assert distance.default == profile.features["distance"].quantile(0.5)
    assert (distance.label, distance.step) == ("Shot distance (ft)", pytest.approx(0.1))
    assert distance.help.startswith("Training has ")
    assert isinstance(home.default, bool)
    assert zone.default in zone.choices
    assert set(zone.choices) == {"left", "middle", "right"}


def test_a_row_is_placed_in_words(hoops):
    features = scoring.profile(hoops.settings, hoops.versions[0]).features
    assert row_form.position_words(features["distance"], 500) == "beyond every training value"
    assert row_form.position_words(features["distance"], None) == "cannot be placed"
    assert row_form.position_words(features["zone"], "moon") == "training never had it"
    assert row_form.position_words(features["zone"], "left").startswith("as 3")
    assert row_form.position_words(features["zone"], None) == "left empty"
    for name, value in (("distance", 500), ("home", True), ("zone", "moon"), ("zone", None)):
        title = row_form.position_figure(features[name], value, name).layout.title.text
        assert title.endswith(row_form.position_words(features[name], value))


def test_the_row_stands_on_the_court(hoops):
    profile = scoring.profile(hoops.settings, hoops.versions[0])
    figure = row_form.court_figure(hoops.spec, profile, {"distance": 60.0, "home": True})
    assert figure.data[1].y[0] == 60
    assert figure.layout.yaxis.range[1] > 60
    assert "60 ft" in figure.layout.title.text


def test_charts_use_the_projects_words():
    labels = np.array([1.0, 0.0, np.nan])
    figure = scoring_figures.probabilities(
        np.array([0.9, 0.2, 0.4]), 0.5, labels, ("made", "missed")
    )
    assert {trace.name for trace in figure.data} == {"made", "missed", "no label yet"}
    assert scoring_figures.roc(np.array([0.9, 0.2]), labels[:2], "v1") is not None
    assert scoring_figures.roc(np.array([0.9, 0.2]), np.array([1.0, 1.0]), "v1") is None


def test_the_example_is_a_command_with_the_raw_columns():
    command = serving.example("http://127.0.0.1:5002", {"zone": "o'neil", "distance": 1.5})
    assert command.startswith("curl -s http://127.0.0.1:5002/invocations")
    assert '"columns": ["zone", "distance"]' in command
    assert "o'\\''neil" in command
