"""Small jobs that prove, on this machine, that jobs run, fail and end as they should.

Submit one with ``entry_point="core.jobs.selftest:count"``, for instance.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.jobs.reporter import Reporter


def count(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Count to ``plan["to"]``, resting ``plan["seconds"]`` (default 0) after each number."""
    total = int(plan["to"])
    for number in range(1, total + 1):
        reporter.report("counting", number, total, number / total, detail=f"at {number}")
        time.sleep(float(plan.get("seconds", 0)))
    return {"counted": total}


def linger(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Report ten times a second until the file ``plan["until"]`` is there; ``plan["result"]``."""
    for number in itertools.count(1):
        reporter.report("lingering", number, number + 1, 0.5)
        if Path(plan["until"]).exists():
            break
        time.sleep(0.1)
    return dict(plan["result"])


def fail(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Fail: with BadInput if ``plan["explained"]``, else with ZeroDivisionError.

    Its cleanup writes the state that it is given to the file ``plan["cleanup_file"]``.
    """
    _note_cleanup(plan, reporter)
    if plan.get("explained"):
        raise BadInput("This job was asked to fail; ask for another one.")
    return {"never": 1 // 0}


def spawn(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Start a child that sleeps, and one that sleeps in a session of its own; then wait.

    Their pids are attached as ``child`` and ``detached``. Cleanup as with ``fail``. With
    ``plan["bare"]`` the second one inherits no environment; with ``plan["stubborn"]``, SIGTERM
    is answered with more sleep.
    """
    _note_cleanup(plan, reporter)
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(sleeper)
    inherited: dict[str, str] | None = {} if plan.get("bare") else None
    detached = subprocess.Popen(sleeper, start_new_session=True, env=inherited)
    reporter.attach("child", str(child.pid))
    reporter.attach("detached", str(detached.pid))
    reporter.report("waiting", 0, 1, 0.0)
    try:
        # Not for the child: it is ended too, and a worker that saw that first would succeed.
        time.sleep(600)
    finally:
        if plan.get("stubborn"):
            time.sleep(600)
    return {"child": child.poll()}


def fit_in_parallel(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Keep two joblib workers asleep, as a search over hyperparameters keeps them busy."""
    from joblib import Parallel, delayed

    reporter.report("fitting", 0, 2, 0.0)
    Parallel(n_jobs=2)(delayed(time.sleep)(600) for _ in range(2))
    return {}


def hold_memory(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Have a child hold ``plan["megabytes"]`` until the reporter has seen them."""
    size = int(float(plan["megabytes"]) * 1e6)
    # Ones, since the system gives no memory to zeros before they are touched.
    holding = f"held = bytearray(b'1' * {size}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        seen = reporter.peak_memory_bytes
        child.communicate("\n")
    return {"seen_bytes": seen}


def environment(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Report the variables named in ``plan["names"]``, the working folder and the session."""
    reporter.report("looking", 1, 1, 1.0)
    return {
        "variables": {name: os.environ.get(name) for name in plan["names"]},
        "folder": str(Path.cwd()),
        "leads_its_session": os.getsid(0) == os.getpid(),
    }


def answer(plan: dict[str, Any], reporter: Reporter) -> Any:
    """Return ``plan["value"]`` as it is; with ``plan["nan"]``, a number that JSON cannot hold."""
    return {"value": float("nan")} if plan.get("nan") else plan["value"]


def _note_cleanup(plan: dict[str, Any], reporter: Reporter) -> None:
    if "cleanup_file" in plan:
        reporter.set_cleanup(lambda state: _append(Path(plan["cleanup_file"]), state))


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)
