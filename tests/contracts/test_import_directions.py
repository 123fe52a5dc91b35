"""Imports run downwards only, and each heavy library has one home."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import REPOSITORY

COMMON = {"settings", "files", "errors", "palette", "charts", "processes", "signs", "listing"}

# Room to the rooms that it may import, besides itself and COMMON.
ARROWS: dict[str, set[str]] = {
    **{room: set() for room in ("errors", "palette", "signs", "listing")},
    "settings": set(),
    "files": set(),
    "charts": set(),
    "processes": {"settings"},
    "dataset": set(),
    "jobs": set(),
    "tracking": {"dataset.shipped_code"},
    "inference_log": set(),
    "evaluation": {"dataset"},
    "evidence": {"dataset", "evaluation", "tracking"},
    "monitoring": {"dataset", "evaluation"},
    "scoring": {"dataset", "inference_log", "evaluation"},
    "training": {
        "dataset",
        "evaluation",
        "jobs",
        "tracking",
        "monitoring.profile",
        "monitoring.reference",
    },
    "services": {
        "dataset",
        "training",
        "jobs",
        "evaluation",
        "evidence",
        "scoring",
        "monitoring",
        "tracking",
        "inference_log",
    },
    "ui": {"services"},
    "cli": {"services"},
    "__main__": {"cli", "services"},
    "pages": {"ui", "services"},
    "Home": {"ui", "services"},
}

# Library to the places that may import it; everything else may not.
HOMES = {
    "pycaret": {"core/training/pycaret_adapter.py"},
    "dask": set(),
    "distributed": {"core/training/cluster.py"},
    "mlflow": {"core/tracking/"},
    "streamlit": {"core/ui/", "pages/", "Home.py"},
}
NOT_IN_PAGES = {"mlflow", "pycaret", "sklearn"}


def sources() -> list[Path]:
    home = REPOSITORY / "Home.py"
    found = [*(REPOSITORY / "core").rglob("*.py"), *(REPOSITORY / "pages").glob("*.py")]
    return sorted([*found, *([home] if home.is_file() else [])])


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Dotted names of all imports, wherever they stand, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def room_of(path: str) -> str:
    """The room of a source file: ``core/jobs/queue.py`` lies in jobs, ``Home.py`` in Home."""
    parts = Path(path).with_suffix("").parts
    return parts[1] if parts[0] == "core" and len(parts) > 1 else parts[0]


def faults(path: str, source: str) -> list[str]:
    """Imports of one file that go where they may not."""
    found = []
    room = room_of(path)
    for name, line in imported(ast.parse(source)):
        library, _, inside = name.partition(".")
        where = f"{path}:{line} imports {name}"
        if library == "core":
            found += [] if _allowed(room, path, inside) else [f"{where}: not from {room}"]
        elif library in HOMES and not any(path.startswith(home) for home in HOMES[library]):
            found.append(f"{where}: only {', '.join(sorted(HOMES[library]))} may")
        elif library in NOT_IN_PAGES and room in ("pages", "Home"):
            found.append(f"{where}: pages stay light")
    return found


def _allowed(room: str, path: str, inside: str) -> bool:
    target = inside.split(".", maxsplit=1)[0]
    if room == "services" and target == "services":
        return path.endswith("/__init__.py")  # services do not import one another
    if target in COMMON | {room}:
        return True
    return any(inside == way or inside.startswith(f"{way}.") for way in ARROWS[room])


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_imports_run_downwards(path: Path) -> None:
    name = path.relative_to(REPOSITORY).as_posix()
    if name == "core/__init__.py":
        assert not list(imported(ast.parse(path.read_text(encoding="utf-8"))))
        return
    assert room_of(name) in ARROWS, f"{name}: a new room needs its arrows here"
    assert faults(name, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("core/dataset/io.py", "from core.tracking import runs"),
        ("core/dataset/io.py", "def f():\n    from core.services import projects"),
        ("core/dataset/io.py", "import core.jobs.queue"),
        ("core/jobs/queue.py", "from core.dataset import io"),
        ("core/training/run.py", "from core.monitoring.drift import feature_drift"),
        ("core/training/run.py", "import pycaret.classification"),
        ("core/services/a.py", "from core.services.b import c"),
        ("core/services/a.py", "from core import ui"),
        ("core/services/a.py", "import mlflow"),
        ("core/ui/a.py", "from core.dataset import io"),
        ("core/scoring/a.py", "if 1:\n    import streamlit as st"),
        ("core/settings.py", "from core.dataset import io"),
        ("core/cli/main.py", "from core.tracking import runs"),
        ("pages/1_A.py", "from sklearn.metrics import f1_score"),
        ("pages/1_A.py", "from core.dataset import io"),
        ("Home.py", "import mlflow"),
        ("Home.py", "from core.tracking import runs"),
    ],
)
def test_the_check_sees_a_wrong_import(path: str, source: str) -> None:
    assert len(faults(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("core/training/run.py", "from core.monitoring.profile import build_profile"),
        ("core/training/pycaret_adapter.py", "import pycaret"),
        ("core/tracking/runs.py", "import mlflow"),
        ("core/ui/a.py", "import streamlit\nfrom core.services import a\nfrom core import palette"),
        ("core/scoring/a.py", "import sklearn\nfrom core.inference_log import Batch"),
        ("pages/1_A.py", "import streamlit\nfrom core.ui import frame"),
    ],
)
def test_the_check_lets_a_right_import_pass(path: str, source: str) -> None:
    assert faults(path, source) == []
