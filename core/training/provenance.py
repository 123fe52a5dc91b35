"""What a training ran on: versions of the libraries, the commit of the code."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

from core.settings import REPOSITORY
from core.training.catalogue import CATALOGUE
from core.training.plan import TrainingPlan

_PACKAGES = ("pycaret-core", "scikit-learn", "numpy", "pandas", "mlflow")


def parameters(plan: TrainingPlan) -> dict[str, str]:
    """Versions of the libraries that a plan uses, as a run's parameters."""
    packages = [CATALOGUE[model.algorithm].package for model in plan.models]
    found = versions(*(name for name in packages if name))
    return {f"version.{name}": version for name, version in found.items()}


def tags() -> dict[str, str]:
    """The commit of this installation as a run's tag, if there is one."""
    commit = git_commit()
    return {"mlflow.source.git.commit": commit} if commit else {}


def versions(*more: str) -> dict[str, str]:
    """Package to version, ``python`` first; packages that are not installed are absent."""
    found = {"python": platform.python_version()}
    for package in (*_PACKAGES, *more):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_commit() -> str | None:
    """The commit of this installation, None where it is no git checkout or git is absent."""
    command = ["git", "-C", str(REPOSITORY), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
