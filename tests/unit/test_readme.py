"""The README's snippets are runnable as they stand, each by itself."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from core.services import comparison, preparation, projects
from core.settings import REPOSITORY, Settings

SNIPPETS = re.findall(
    r"^```python\n(.*?)^```$", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.M | re.S
)
NOTEBOOK, OWN_MODEL = SNIPPETS


@pytest.mark.parametrize("snippet", [NOTEBOOK, OWN_MODEL], ids=["notebook", "own model"])
def test_a_snippet_needs_nothing_from_before(snippet: str) -> None:
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", "-"]
    done = subprocess.run(check, input=snippet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.filterwarnings("ignore")  # MLflow advises to give a signature
def test_an_own_model_stands_beside_the_others(workspace: Settings) -> None:
    projects.init_sample(workspace)
    preparation.run(workspace, "sample")
    exec(compile(OWN_MODEL, "README.md", "exec"), {"__name__": "notebook"})
    [forest] = comparison.unregistered(workspace, "sample")
    assert forest.title == "My own forest"
