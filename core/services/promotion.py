"""Promotion is a decision on the record: the gate, the move, the way back, the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.dataset import spec as specs
from core.errors import BadInput, CourtsideError
from core.evidence import bench as benches
from core.evidence import gate as gates
from core.evidence.gate import Gate, Item
from core.files import file_lock
from core.settings import Settings, current_user
from core.tracking import registry, runs
from core.tracking.registry import Version

__all__ = ["Entry", "Gate", "Item", "gate", "log", "previous_champion", "promote", "roll_back"]

NO_REASON = "gate failed, no reason given"
_ANY: Any = object()


@dataclass(frozen=True)
class Entry:
    """One move of an alias, as it was logged. ``gate`` is passed, failed or not measured."""

    when: datetime
    who: str
    alias: str
    version: str
    previous: str
    reason: str
    gate: str
    run_id: str


def gate(settings: Settings, project: str, version: str) -> Gate:
    """Hold a version against the project's gate, on rows that neither it nor the champion knows.

    Where one of the two comes of a retraining, the newest production rows judge.
    """
    spec = specs.load(settings.spec_file(project))
    candidate, champion = _candidate(settings, project, version)
    pair = [candidate, *([champion] if champion and champion != candidate else [])]
    bench = benches.measure(settings, spec, pair)
    number = champion.version if champion else None
    recent = benches.measure_recent(settings, spec, pair)
    return gates.judge(spec.promotion, spec, bench, candidate.version, number, recent)


def promote(
    settings: Settings,
    project: str,
    version: str,
    alias: str = "champion",
    reason: str = "",
    seen: Any = _ANY,
    insist_on_reason: bool = False,
) -> dict[str, Any]:
    """Move an alias to a version and put it on record with the evidence; contract JSON.

    A version that does not pass the gate needs a reason where ``insist_on_reason``, as on the
    page, or where the project enforces its gate; else it is promoted with a warning on record.
    ``seen`` is the version that the user saw holding the alias (None: nobody); if another holds it
    by now, nothing is moved. BadInput in both cases, and for a version that does not score.
    A challenger that becomes champion is challenger no more: nobody challenges themselves.
    """
    spec = specs.load(settings.spec_file(project))
    chosen = registry.find(settings, project, version)
    if alias not in registry.ALIASES:
        raise BadInput(f"An alias is one of {', '.join(registry.ALIASES)}; found {alias!r}.")
    said = " ".join(reason.split())
    judged, trouble = _judged(settings, project, chosen.version)
    if judged is not None and not judged.usable:
        raise BadInput(f"{chosen.label} cannot be promoted. {judged.items[0].found}")
    warning = _warning(judged, trouble, said)
    if warning and (insist_on_reason or spec.promotion.enforce):
        raise BadInput(f"{warning} Give a reason (--reason) to promote v{chosen.version} anyway.")
    parameters = {"alias": alias, "version": chosen.version, "reason": said or _unsaid(warning)}
    tags = {"who": current_user(), "version": chosen.version, "gate": _word(judged)}
    with runs.action(settings, project, "promote", params=parameters, tags=tags) as run:
        if judged is not None:
            run.json(judged.as_dict(), "gate.json")
        with file_lock(settings.project_dir(project) / "promotion.lock"):
            _check_seen(settings, project, alias, seen)
            previous = registry.set_alias(settings, project, alias, chosen.version)
            run.done = f"{chosen.label} is {alias} now."
            given_up = _given_up(settings, project, alias, chosen.version)
        run.params({"previous": previous, "given_up": given_up or ""})
        run.tags({"previous": previous or ""})
    return {
        "alias": alias,
        "version": chosen.version,
        "previous": previous,
        "given_up": given_up,
        "run_id": run.run_id,
        "gate": judged.as_dict() if judged else None,
        "warning": warning or None,
    }


def roll_back(settings: Settings, project: str, seen: str) -> dict[str, Any]:
    """Put the champion before ``seen`` back in charge; contract JSON of ``promote``.

    BadInput where there is none, or ``seen`` is not the champion any more.
    """
    before = previous_champion(settings, project)
    if before is None:
        raise BadInput("There is no earlier champion to roll back to.")
    return promote(settings, project, before, reason=f"rolled back from v{seen}", seen=seen)


def previous_champion(settings: Settings, project: str) -> str | None:
    """The version that the last promotion took the champion's place from, if it still exists."""
    listed = registry.versions(settings, project)
    champion = next((version for version in listed if version.is_champion), None)
    usable = {version.version for version in listed if version.why_not is None}
    for entry in log(settings, project):
        if entry.alias == "champion" and champion and entry.version == champion.version:
            before = entry.previous
            return before if before in usable and before != champion.version else None
    return None


def log(settings: Settings, project: str, limit: int = 50) -> list[Entry]:
    """Moves of aliases that were made, newest first."""
    return [
        Entry(
            when=run.started_at,
            who=run.tags.get("who", ""),
            alias=run.params.get("alias", ""),
            version=run.params.get("version", ""),
            previous=run.params.get("previous", "").replace("None", ""),
            reason=run.params.get("reason", ""),
            gate=run.tags.get("gate", "not measured"),
            run_id=run.run_id,
        )
        for run in runs.recent(settings, project, action="promote", limit=limit)
        if run.status == "FINISHED" and "alias" in run.params
    ]


def _candidate(settings: Settings, project: str, version: str) -> tuple[Version, Version | None]:
    """The version, found even if it may not be promoted, and the champion."""
    listed: Sequence[Version] = registry.versions(settings, project)
    number = str(version).removeprefix("v")
    found = next((v for v in listed if number == v.version or version in v.aliases), None)
    if found is None:
        found = registry.find(settings, project, version)
    return found, next((v for v in listed if v.is_champion), None)


def _judged(settings: Settings, project: str, version: str) -> tuple[Gate | None, str]:
    """The gate, or why it could not be held: without prepared data, say."""
    try:
        return gate(settings, project, version), ""
    except CourtsideError as exc:
        return None, str(exc)


def _warning(judged: Gate | None, trouble: str, reason: str) -> str:
    """What speaks against promoting without a word, or nothing."""
    if reason or (judged is not None and judged.passed):
        return ""
    if judged is None:
        return f"The gate could not be measured ({trouble.rstrip('.')})."
    named = "; ".join(f"{item.name}: {item.found.rstrip('.')}" for item in judged.failures)
    return f"The gate is not passed ({named})."


def _unsaid(warning: str) -> str:
    return NO_REASON if warning else ""


def _word(judged: Gate | None) -> str:
    if judged is None:
        return "not measured"
    return "passed" if judged.passed else "failed"


def _given_up(settings: Settings, project: str, alias: str, version: str) -> str | None:
    """The alias that a version lost by becoming champion, or None."""
    if alias != registry.CHAMPION:
        return None
    removed = registry.remove_alias(settings, project, registry.CHALLENGER, version)
    return registry.CHALLENGER if removed else None


def _check_seen(settings: Settings, project: str, alias: str, seen: Any) -> None:
    if seen is _ANY:
        return
    listed = registry.versions(settings, project)
    now = next((v.version for v in listed if alias in v.aliases), None)
    if now != seen:
        holds = f"v{now} is {alias} now" if now else f"there is no {alias} any more"
        saw = f"v{seen}" if seen else "nobody"
        raise BadInput(
            f"Somebody else moved the alias meanwhile: you saw {saw} as {alias}, but {holds}. "
            "Nothing was changed; look again and decide anew."
        )
