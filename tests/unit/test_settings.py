"""Paths and limits from the environment; nothing leads out of home."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadInput
from core.settings import LAYERS, REPOSITORY, Settings, check_project_name

HOSTILE_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "..%2fx",
    "a/b",
    "a\\b",
    "/etc",
    "a\x00",
    "a\n",
    "a b",
    "Kobe",
    "-a",
    "_a",
    "a.b",
    "á",
    "ａ",
    "a" * 65,
    "a'; drop table runs; --",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_project_names(name: str, bare_workspace: Settings) -> None:
    for use in (
        check_project_name,
        bare_workspace.project_dir,
        bare_workspace.spec_file,
        bare_workspace.models_dir,
        bare_workspace.inference_log,
        bare_workspace.jobs_dir,
    ):
        with pytest.raises(BadInput, match="A project's name is"):
            use(name)


@pytest.mark.parametrize("name", ["a", "kobe", "2024-shots_v2", "a" * 64])
def test_good_project_names(name: str, bare_workspace: Settings) -> None:
    assert check_project_name(name) == name
    for layer in LAYERS:
        folder = bare_workspace.layer(name, layer)
        assert folder.is_relative_to(bare_workspace.home)
        assert folder == bare_workspace.home / "data" / name / layer


def test_unknown_layer(bare_workspace: Settings) -> None:
    with pytest.raises(BadInput, match="Layers are 01_raw"):
        bare_workspace.layer("kobe", "../02")


def test_home_is_the_repository_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURTSIDE_HOME", raising=False)
    assert Settings.from_env().home == REPOSITORY
    monkeypatch.setenv("COURTSIDE_HOME", "")
    assert Settings.from_env().home == REPOSITORY


def test_a_relative_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURTSIDE_HOME", "a/../b")
    assert Settings.from_env().home == tmp_path.resolve() / "b"


def test_the_store_lies_in_home_unless_there_is_a_server(
    bare_workspace: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bare_workspace.tracking_uri == f"sqlite:///{bare_workspace.home}/mlruns/mlflow.db"
    assert bare_workspace.artifacts_dir == bare_workspace.home / "mlruns" / "artifacts"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example:5000")
    assert Settings.from_env().tracking_uri == "http://mlflow.example:5000"


def test_a_home_with_spaces_is_not_encoded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("COURTSIDE_HOME", str(tmp_path / "my % höme"))
    assert Settings.from_env().tracking_uri.endswith("/my % höme/mlruns/mlflow.db")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "１x", "inf"])
@pytest.mark.parametrize(
    "variable", ["COURTSIDE_JOBS_AT_ONCE", "COURTSIDE_ENDED_JOBS_KEPT", "COURTSIDE_MAX_UPLOAD_MB"]
)
def test_limits_are_whole_numbers_above_zero(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(BadInput, match=f"{variable} must be a whole number above 0"):
        Settings.from_env()


def test_limits_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURTSIDE_JOBS_AT_ONCE", " 3 ")
    monkeypatch.setenv("COURTSIDE_ENDPOINT_PORT", "")
    settings = Settings.from_env()
    assert (settings.jobs_at_once, settings.endpoint_port) == (3, 5002)


def test_projects_are_folders_with_a_specification(bare_workspace: Settings) -> None:
    assert bare_workspace.projects() == []
    for name in ("b", "a", "Not-A-Name", "empty"):
        bare_workspace.home.joinpath("data", name).mkdir(parents=True)
    for name in ("b", "a", "Not-A-Name"):
        bare_workspace.home.joinpath("data", name, "project.yaml").touch()
    assert bare_workspace.projects() == ["a", "b"]
