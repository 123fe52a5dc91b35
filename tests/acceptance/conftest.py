"""Runs the commands of the contract as a colleague would: a process, its JSON, its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What a command gave back; ``value`` is its JSON or None."""

    code: int
    value: Any
    out: str
    err: str


def run_command(home: Path, *arguments: object, json_output: bool = True) -> Answer:
    """Run ``python -m core`` in a workspace; standard output must be one JSON object or empty."""
    environment = {**os.environ, "COURTSIDE_HOME": str(home)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    command = [sys.executable, "-m", "core", *map(str, arguments)]
    if json_output:
        command.append("--json")
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    value = json.loads(done.stdout) if json_output and done.stdout.strip() else None
    return Answer(done.returncode, value, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def courtside() -> Callable[..., Answer]:
    """Run a command: ``courtside(home, "prepare", "--project", "x")``; any exit code."""
    return run_command


@pytest.fixture(scope="session")
def succeeded() -> Callable[..., Any]:
    """Run a command that must succeed; its JSON. ``monitor`` says alarm by exit code 3."""

    def run(home: Path, *arguments: object) -> Any:
        answer = run_command(home, *arguments)
        alarm = arguments[0] == "monitor" and answer.value and answer.value["level"] == "alarm"
        assert answer.code == (3 if alarm else 0), answer.err[-3000:]
        return answer.value

    return run
