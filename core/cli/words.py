"""Reading what a person typed: the project, lists of names, counts, times."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from core.errors import BadInput
from core.settings import Settings


def project_of(settings: Settings, options: argparse.Namespace) -> str:
    """The project named, or the only one there is; its specification is installed if it ships."""
    from core.services import projects

    name = options.project
    if name is None:
        known = settings.projects()
        if len(known) != 1:
            listed = ", ".join(projects.known_projects(settings))
            raise BadInput(f"Name the project with --project; there are {listed}.")
        name = known[0]
    projects.load_spec(settings, name)
    return str(name)


def names(text: str | None) -> list[str] | None:
    """``"lr, dt"`` as a list; None if nothing was given."""
    return [part.strip() for part in text.split(",") if part.strip()] if text else None


def counts(text: str | None) -> dict[str, int]:
    """``"lr=100,dt=400"`` as a mapping; BadInput if it reads otherwise."""
    read = {}
    for part in names(text) or []:
        name, _, number = part.partition("=")
        if not number.strip().isdigit():
            raise BadInput(f"--n-iter reads like lr=100,dt=400; found {part!r}.")
        read[name.strip()] = int(number)
    return read


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 time, taken as UTC unless it says otherwise; BadInput if it is none."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise BadInput(f"A time reads like 2026-01-31T12:00:00Z; found {text!r}.") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
