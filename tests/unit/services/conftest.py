"""A small project with a champion that needs no training (see tests/fakes.py)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings

_spec = importlib.util.spec_from_file_location("fakes", Path(__file__).parents[2] / "fakes.py")
assert _spec is not None and _spec.loader is not None
fakes = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fakes)


@pytest.fixture
def hoops(workspace: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The fake project in a workspace of its own."""
    return fakes.make(workspace, monkeypatch)
