"""The policy in force: the specification's, with what the Monitor page changed on top."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.dataset.monitoring_policy import MonitoringPolicy, check_webhook
from core.dataset.spec import ProjectSpec
from core.errors import CourtsideError
from core.files import file_lock, read_json, write_json
from core.monitoring.places import policy_path
from core.settings import Settings

WEBHOOK_VARIABLE = "COURTSIDE_WEBHOOK_URL"


def in_force(settings: Settings, spec: ProjectSpec) -> MonitoringPolicy:
    """How the project is watched now."""
    return read(policy_path(settings, spec.name), spec.monitoring)


def read(path: Path, base: MonitoringPolicy) -> MonitoringPolicy:
    """``base`` with the file's changes; a file that cannot be used says so as a CourtsideError."""
    try:
        changes = read_json(path)
    except FileNotFoundError:
        return base
    if not isinstance(changes, dict):
        raise CourtsideError(f"{path.name} must hold one JSON object; correct or delete it.")
    try:
        return base.changed(changes)
    except CourtsideError as exc:
        raise CourtsideError(f"{path.name}: {exc} Correct or delete that file.") from exc


def change(path: Path, base: MonitoringPolicy, changes: Mapping[str, Any]) -> MonitoringPolicy:
    """Keep changes, checked first; what equals ``base`` is not written, so that it can move on.

    The file is readable by its owner only: the webhook's address may be a secret.
    """
    with file_lock(path.with_suffix(".lock")):
        policy = read(path, base).changed(changes)
        mine, theirs = policy.as_dict(), base.as_dict()
        write_json(path, {key: value for key, value in mine.items() if value != theirs[key]})
        path.chmod(0o600)
    return policy


def webhook_of(policy: MonitoringPolicy) -> str:
    """The project's own webhook, else the one in the environment, else nothing."""
    return policy.webhook or check_webhook(WEBHOOK_VARIABLE, os.environ.get(WEBHOOK_VARIABLE, ""))
