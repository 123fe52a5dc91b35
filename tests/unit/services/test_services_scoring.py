"""Scoring a file and a row: what is logged, what is kept, what is refused."""

import dataclasses
import gzip
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.dataset import io as table_io
from core.errors import BadInput, CourtsideError, DataFileError, SchemaError, TrackingError
from core.inference_log import verify
from core.scoring.findings import Findings
from core.scoring.order import Order
from core.services import (
    inference_log,
    row_scoring,
    scored_files,
    scoring,
    scoring_figures,
    serving,
    uploads,
)
from core.tracking import runs


def test_a_file_is_scored_and_every_row_logged_once(hoops, tmp_path):
    rows = hoops.rows(50)
    source = tmp_path / "prod.csv"
    rows.assign(note="x", made=hoops.labels(rows)).to_csv(source, index=False)
    out = scoring.output_path(hoops.settings, "hoops", "prod.csv")
    result = scoring.score_file(hoops.settings, "hoops", source, out)
    assert result.summary["rows_scored"] == hoops.logged() == 50
    assert result.summary["rows_labelled"] == 50
    assert result.summary["metrics"]["roc_auc"] > 0.5
    head = scored_files.head(out, 5)
    assert list(head)[:4] == ["distance", "home", "zone", "note"]
    assert len(head) == 5
    csv = scored_files.downloads(hoops.settings, out)[1]
    assert len(pd.read_csv(io.BytesIO(csv.content()))) == 50


def test_what_is_logged_is_said_where_only_its_record_fails(hoops, tmp_path, monkeypatch):
    source = tmp_path / "prod.parquet"
    hoops.rows(30).to_parquet(source)
    out = scoring.output_path(hoops.settings, "hoops", source.name)

    def away(*_, **__):
        raise TrackingError("MLflow could not log to the run: gone.")

    monkeypatch.setattr(runs.RunLog, "metrics", away)
    monkeypatch.setattr(runs.RunLog, "params_and_metrics", away)
    with pytest.raises(TrackingError, match=r"^30 rows were scored and logged, in .*Do not repeat"):
        scoring.score_file(hoops.settings, "hoops", source, out)
    assert hoops.logged() == len(pd.read_parquet(out)) == 30
    with pytest.raises(TrackingError, match="gone"):
        scoring.score_file(hoops.settings, "hoops", source, out)
    assert hoops.logged() == 30
    with pytest.raises(TrackingError, match=r"^The row was scored and logged as r.*Do not repeat"):
        row_scoring.score_row(hoops.settings, "hoops", hoops.rows(1).iloc[0].to_dict())
    assert hoops.logged() == 31


def test_an_output_that_is_a_folder_is_refused_before_anything_is_logged(hoops, tmp_path):
    source, out = tmp_path / "prod.parquet", tmp_path / "out.parquet"
    hoops.rows(30).to_parquet(source)
    out.mkdir()
    with pytest.raises(BadInput, match=r"out\.parquet is a folder"):
        scoring.score_file(hoops.settings, "hoops", source, out)
    assert hoops.logged() == 0


def test_a_file_that_cannot_take_its_name_does_not_hide_what_is_logged(hoops, tmp_path):
    source, out = tmp_path / "prod.parquet", tmp_path / "out.parquet"
    hoops.rows(30).to_parquet(source)
    said = r"^30 rows were scored and logged, but out\.parquet could not be put in place \(Is a dir"
    with pytest.raises(CourtsideError, match=said):
        scoring.score_file(hoops.settings, "hoops", source, out, on_progress=lambda *_: out.mkdir())
    assert hoops.logged() == 30
    other = tmp_path / "elsewhere" / "other.parquet"
    result = scoring.score_file(hoops.settings, "hoops", source, other)
    assert "its 30 rows were logged" in result.summary["note"]
    assert (hoops.logged(), result.output, len(pd.read_parquet(other))) == (30, other, 30)
    assert runs.get(hoops.settings, result.summary["run_id"]).status == "FINISHED"
    meant = scoring.score_file(hoops.settings, "hoops", source, other)
    assert "note" not in meant.summary
    assert hoops.logged() == 60


def test_stopped_while_rows_are_copied_to_the_log_nothing_is_left(hoops, tmp_path):
    source, out = tmp_path / "prod.parquet", tmp_path / "out" / "out.parquet"
    hoops.rows(30_000).to_parquet(source)
    hoops.log(10)
    copied = []

    def stop(rows):
        copied.append(rows)
        if rows:
            raise KeyboardInterrupt

    order = Order("hoops", source, out, "1")
    with pytest.raises(KeyboardInterrupt):
        scoring.run_order(hoops.settings, order, on_copied=stop)
    assert copied == [0, 10_000]
    assert (hoops.logged(), list(out.parent.iterdir())) == (10, [])
    log = hoops.settings.inference_log("hoops")
    assert verify(log) == []
    assert not list((log.parent / "unfinished").iterdir())
    assert "note" not in scoring.run_order(hoops.settings, order).summary
    assert hoops.logged() == 30_010


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


def test_charts_use_the_projects_words(hoops, tmp_path):
    rows = hoops.rows(300)
    labels = hoops.labels(rows)
    labels[:5] = np.nan
    source = tmp_path / "prod.parquet"
    rows.assign(made=labels).to_parquet(source)
    out = scoring.output_path(hoops.settings, "hoops", source.name)
    result = scoring.score_file(hoops.settings, "hoops", source, out)
    findings = result.findings
    figure = scoring_figures.probabilities(findings, ("made", "missed"))
    assert {trace.name for trace in figure.data} == {"made", "missed", "no label yet"}
    assert sum(sum(trace.y) for trace in figure.data) == 300
    assert scoring_figures.roc(findings, "v1") is not None
    assert scoring_figures.calibration(findings, "v1") is not None
    assert findings == Findings.from_dict(json.loads(json.dumps(findings.as_dict())))
    one_class = Findings(3, 3, 1, 0.5, findings.histogram, None, None, {})
    assert scoring_figures.roc(one_class, "v1") is None


def test_out_of_range_shares(hoops, tmp_path):
    rows = hoops.rows(100)
    rows.loc[:9, "distance"] = 500.0
    rows.loc[10:14, "distance"] = -1.0
    rows.loc[:3, "zone"] = "moon"
    source = tmp_path / "prod.parquet"
    rows.to_parquet(source)
    out = scoring.output_path(hoops.settings, "hoops", source.name)
    result = scoring.score_file(hoops.settings, "hoops", source, out)
    found = {one.column: one for one in result.findings.out_of_range}
    assert (found["distance"].below, found["distance"].above) == (5, 10)
    assert (found["zone"].unseen, found["zone"].share) == (4, 0.04)
    assert result.summary["out_of_training_range"]["distance"] == 0.15
    figure = scoring_figures.out_of_range(result.findings)
    assert "distance: 15.0% of rows" in figure.layout.title.text


def test_a_rename_holds_for_this_file_and_is_recorded(hoops, tmp_path):
    rows = hoops.rows(40).rename(columns={"distance": "Distance"})
    source = tmp_path / "prod.parquet"
    rows.to_parquet(source)
    out = scoring.output_path(hoops.settings, "hoops", source.name)
    renames = {"Distance": "distance"}
    assert scoring.check_file(hoops.settings, "hoops", source, renames).fits
    result = scoring.score_file(hoops.settings, "hoops", source, out, renames=renames)
    assert list(scored_files.head(out))[:3] == ["Distance", "home", "zone"]
    run = runs.get(hoops.settings, result.summary["run_id"])
    assert run.params["renames"] == "Distance → distance"
    logged = inference_log.recent_rows(hoops.settings, "hoops").iloc[::-1]
    assert logged["distance"].tolist() == rows["Distance"].tolist()


@pytest.mark.parametrize(
    "renames", [{"nowhere": "distance"}, {"Distance": "home"}, {"Distance": "note"}]
)
def test_renames_that_cannot_be(hoops, tmp_path, renames):
    source = tmp_path / "prod.parquet"
    hoops.rows(4).rename(columns={"distance": "Distance"}).to_parquet(source)
    with pytest.raises(SchemaError, match="cannot be read as"):
        scoring.check_file(hoops.settings, "hoops", source, renames)


def test_a_wrong_type_is_seen_before_scoring(hoops, tmp_path):
    source = tmp_path / "prod.parquet"
    hoops.rows(4).assign(distance=["far", "near", "far", None]).to_parquet(source)
    check = scoring.check_file(hoops.settings, "hoops", source)
    assert check.diff.fits and not check.fits
    assert "'distance' where finite numbers belong" in check.wrong["distance"]


def test_bad_rows_at_the_end_are_rejected_not_the_file(hoops, tmp_path, monkeypatch):
    monkeypatch.setattr(table_io.TableFile.pieces, "__defaults__", (10, None, False))
    rows = hoops.rows(21).astype({"distance": object})
    rows.loc[20, "distance"] = "far"
    source = tmp_path / "prod.csv"
    rows.to_csv(source, index=False)
    out = scoring.output_path(hoops.settings, "hoops", source.name)
    result = scoring.score_file(hoops.settings, "hoops", source, out)
    assert (result.summary["rows_scored"], result.summary["rows_rejected"]) == (20, 1)
    assert sum(result.reasons.values()) == 1
    assert hoops.logged() == 20


def test_scored_csv_is_the_input_with_four_columns_more(hoops, tmp_path):
    source = tmp_path / "prod.csv"
    rows = hoops.rows(3).assign(code=["007", "010", ""], note=['a,"b"', "x\ny", "ä"])
    rows.to_csv(source, index=False)
    out = tmp_path / "scored.csv"
    scoring.score_file(hoops.settings, "hoops", source, out)
    scored = pd.read_csv(out, dtype={"code": str})
    assert scored["code"].tolist()[:2] == ["007", "010"]
    assert scored["note"].tolist() == rows["note"].tolist()
    assert scored["distance"].tolist() == rows["distance"].tolist()
    assert list(scored)[-4:] == ["prediction", "probability", "prediction_id", "model_version"]


def test_whole_numbers_are_logged_as_the_file_has_them(hoops, tmp_path):
    source = tmp_path / "prod.parquet"
    hoops.rows(3).assign(distance=[4, 5, 6]).to_parquet(source)
    scoring.score_file(hoops.settings, "hoops", source, tmp_path / "o.parquet")
    log = hoops.settings.inference_log("hoops").read_text()
    assert ",4,true," in log or ",4,false," in log


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_packed_file_is_scored(hoops, tmp_path, packing):
    pack = {".gz": gzip.compress, ".zst": lambda b: pa.compress(b, "zstd", asbytes=True)}[packing]
    source = tmp_path / f"prod.csv{packing}"
    source.write_bytes(pack(hoops.rows(30).to_csv(index=False).encode()))
    out = scoring.output_path(hoops.settings, "hoops", source.name)
    assert out.name.startswith("scored_prod_")
    result = scoring.score_file(hoops.settings, "hoops", source, out)
    assert result.summary["rows_scored"] == hoops.logged() == 30


def test_a_file_that_unpacks_to_too_much_is_refused_and_nothing_logged(hoops, tmp_path):
    source = tmp_path / "bomb.csv.gz"
    source.write_bytes(gzip.compress(b"distance,home,zone\n" + b"1,true,left\n" * 300_000))
    settings = dataclasses.replace(hoops.settings, max_unpacked_megabytes=1)
    out = scoring.output_path(settings, "hoops", source.name)
    with pytest.raises(DataFileError, match="unpacks to more than 1 MB"):
        scoring.score_file(settings, "hoops", source, out)
    assert hoops.logged() == 0
    assert not out.exists()


def test_large_results_stay_on_the_server(hoops, tmp_path):
    source = tmp_path / "prod.parquet"
    hoops.rows(20_000).to_parquet(source)
    out = scoring.output_path(hoops.settings, "hoops", source.name)
    scoring.score_file(hoops.settings, "hoops", source, out)
    settings = dataclasses.replace(hoops.settings, max_download_megabytes=1)
    parquet, csv = scored_files.downloads(settings, out)
    assert parquet.why_not is None and len(parquet.content()) == out.stat().st_size
    assert f"07_model_output/{out.name}" in csv.why_not


def test_only_tables_in_the_projects_own_folders_can_be_chosen(hoops, tmp_path):
    inbox = hoops.settings.inbox("hoops")
    inbox.mkdir(parents=True)
    (inbox / "a.csv").write_text("x\n1\n")
    (inbox / "notes.txt").write_text("x")
    (inbox / ".hidden.csv").write_text("x")
    outside = tmp_path / "secret.csv"
    outside.write_text("x")
    (inbox / "link.csv").symlink_to(outside)
    assert [file.key for file in uploads.on_server(hoops.settings, "hoops")] == ["inbox/a.csv"]
    assert uploads.chosen(hoops.settings, "hoops", "inbox/a.csv").path == inbox / "a.csv"
    for key in ("inbox/link.csv", "inbox/../../x.csv", str(outside), "01_raw/a.csv"):
        with pytest.raises(DataFileError, match="no table"):
            uploads.chosen(hoops.settings, "hoops", key)


def test_what_is_kept_for_later_never_replaces_a_file(hoops):
    first = uploads.keep(hoops.settings, "hoops", "A b.CSV.GZ", io.BytesIO(b"1"))
    second = uploads.keep(hoops.settings, "hoops", "A b.CSV.GZ", io.BytesIO(b"2"))
    assert first.name == "A_b.csv.gz"
    assert first.read_bytes() + second.read_bytes() == b"12"
    assert second.name.endswith(".csv.gz")


def test_the_example_is_a_command_with_the_raw_columns():
    command = serving.example("http://127.0.0.1:5002", {"zone": "o'neil", "distance": 1.5})
    assert command.startswith("curl -s http://127.0.0.1:5002/invocations")
    assert '"columns": ["zone", "distance"]' in command
    assert "o'\\''neil" in command
