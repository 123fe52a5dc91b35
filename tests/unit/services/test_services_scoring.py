"""Scoring a file and a row: what is logged, what is kept, what is refused."""

import io

import numpy as np
import pandas as pd
import pytest

from core.errors import DataFileError, SchemaError
from core.services import (
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
