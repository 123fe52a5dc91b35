"""Bad input from a terminal: exit code 2, one line that names the fix, nothing changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.cli import main
from core.services import projects
from core.settings import REPOSITORY, Settings

Refused = Callable[..., str]


def fingerprint(home: Path) -> dict[str, str]:
    """Every file of the workspace's data with its checksum."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((home / "data").rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.fixture
def sample(workspace: Settings) -> Settings:
    projects.init_sample(workspace)
    return workspace


@pytest.fixture
def refused(sample: Settings, capsys: pytest.CaptureFixture[str]) -> Iterator[Refused]:
    """Run a command that must be refused; gives its one line of reason."""

    def run(*arguments: object) -> str:
        before = fingerprint(sample.home)
        code = main([*map(str, arguments), "--json"])
        captured = capsys.readouterr()
        assert code == 2, captured.err
        assert captured.out == ""
        reason = captured.err.strip()
        assert reason.count("\n") == 0, reason
        assert "Traceback" not in reason
        assert fingerprint(sample.home) == before
        return reason

    yield run


@pytest.fixture
def shots(sample: Settings) -> pd.DataFrame:
    return pd.read_parquet(sample.layer("sample", "01_raw") / "sample_dev.parquet")


def init(path: Path) -> tuple[object, ...]:
    return ("init", "--project", "sample", "--dev", path)


def test_something_else_than_parquet(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "notes.parquet"
    path.write_text("not a table")
    assert "should be a parquet file but is something else" in refused(*init(path))


def test_truncated_parquet(refused: Refused, tmp_path: Path, shots: pd.DataFrame) -> None:
    path = tmp_path / "cut.parquet"
    shots.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-2000])
    assert "truncated or damaged" in refused(*init(path))


def test_absent_and_empty_files(refused: Refused, tmp_path: Path) -> None:
    assert "There is no file gone.parquet" in refused(*init(tmp_path / "gone.parquet"))
    (tmp_path / "zero.csv").write_text("")
    assert "is empty (0 bytes)" in refused(*init(tmp_path / "zero.csv"))


def test_zero_rows(refused: Refused, tmp_path: Path, shots: pd.DataFrame) -> None:
    path = tmp_path / "none.parquet"
    shots.head(0).to_parquet(path)
    assert "no rows" in refused(*init(path))


def test_missing_column_names_the_likely_rename(
    refused: Refused, tmp_path: Path, shots: pd.DataFrame
) -> None:
    path = tmp_path / "renamed.csv"
    shots.rename(columns={"shot_distance": "Shot Distance"}).to_csv(path, index=False)
    reason = refused(*init(path))
    assert "shot_distance (is it 'Shot Distance'?)" in reason


def test_absent_target(refused: Refused, tmp_path: Path, shots: pd.DataFrame) -> None:
    path = tmp_path / "blind.parquet"
    shots.drop(columns="shot_made_flag").to_parquet(path)
    assert "shot_made_flag" in refused(*init(path))


def test_doubled_column_name(refused: Refused, tmp_path: Path, shots: pd.DataFrame) -> None:
    path = tmp_path / "double.csv"
    pd.concat([shots.head(20), shots.head(20)[["lat"]]], axis=1).to_csv(path, index=False)
    assert "'lat' more than once" in refused(*init(path))


def prepare_with(sample: Settings, frame: pd.DataFrame) -> tuple[str, ...]:
    frame.to_parquet(sample.layer("sample", "01_raw") / "sample_dev.parquet")
    return ("prepare", "--project", "sample")


def test_text_where_a_number_belongs(
    refused: Refused, sample: Settings, shots: pd.DataFrame
) -> None:
    reason = refused(*prepare_with(sample, shots.assign(period="first")))
    assert "'period' where finite numbers belong" in reason
    assert "'first'" in reason


def test_no_label_at_all(refused: Refused, sample: Settings, shots: pd.DataFrame) -> None:
    assert "No row is left to learn from" in refused(
        *prepare_with(sample, shots.assign(shot_made_flag=np.nan))
    )


def test_one_class_only(refused: Refused, sample: Settings, shots: pd.DataFrame) -> None:
    reason = refused(*prepare_with(sample, shots.assign(shot_made_flag=1.0)))
    assert "at least 10 rows of each class" in reason


def test_three_labels(refused: Refused, sample: Settings, shots: pd.DataFrame) -> None:
    labels = np.arange(len(shots)) % 3
    assert "two labels" in refused(*prepare_with(sample, shots.assign(shot_made_flag=labels)))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("targett: {column: y}", "did you mean 'target'?"),
        ("derived: {f: \"__import__('os').system('true')\"}", "is not allowed"),
        ("derived: {f: lat.__class__}", "is not allowed"),
        ("derived: {f: latt * 2}", "did you mean 'lat'?"),
        ("target: !!python/object/apply:os.system [true]", "not valid YAML"),
        ("columns: [a, b]", "columns must map"),
        ("files: {dev: ../../evil.parquet}", "plain file name"),
    ],
)
def test_faulty_specification(
    refused: Refused, sample: Settings, tmp_path: Path, fault: str, words: str
) -> None:
    text = (REPOSITORY / "data" / "sample" / "project.yaml").read_text()
    key = fault.split(":", maxsplit=1)[0]
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if line.startswith(f"{key}:")), None)
    if start is not None:
        end = start + 1
        while end < len(lines) and (lines[end].startswith(" ") or not lines[end]):
            end += 1
        del lines[start:end]
    path = tmp_path / "project.yaml"
    path.write_text("\n".join([*lines, fault]))
    dev = sample.layer("sample", "01_raw") / "sample_dev.parquet"
    reason = refused("init", "--project", "sample", "--dev", dev, "--spec", path)
    assert words in reason


def test_names_and_orders(refused: Refused, sample: Settings, tmp_path: Path) -> None:
    assert "project's name" in refused("prepare", "--project", "../sample")
    assert "no project 'nobody'" in refused("prepare", "--project", "nobody")
    assert "invalid choice" in refused("dance")
    assert "not been prepared yet" in refused("train", "--project", "sample")
    assert "--n-iter reads like" in refused("train", "--project", "sample", "--n-iter", "lr:5")
    assert "Choose from the algorithms" in refused("train", "--project", "sample", "--models", "x")
    raw = sample.layer("sample", "01_raw") / "sample_prod.parquet"
    out = tmp_path / "out.parquet"
    assert "no trained model" in refused("score", raw, "--project", "sample", "--out", out)
    assert "no trained model" in refused("monitor", "--project", "sample")
    assert "reads like 2026" in refused("monitor", "--project", "sample", "--since", "yesterday")
    assert "must end in .parquet" in refused("score", raw, "--project", "sample", "--out", "x.txt")
    assert not out.exists()
