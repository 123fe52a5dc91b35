"""A version's model card: put together, downloaded, logged to its run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.dataset import spec as specs
from core.errors import CourtsideError, NotReady
from core.evaluation.importance import Importance
from core.evidence import bench as benches
from core.evidence import card as cards
from core.evidence.card import Facts
from core.evidence.compared import compared
from core.evidence.document import html_page, markdown
from core.evidence.origins import origins
from core.files import write_text
from core.monitoring.features import NumericFeature
from core.monitoring.profile import ReferenceProfile
from core.settings import Settings
from core.signs import minus
from core.tracking import registry, runs
from core.tracking.registry import Version
from core.tracking.runs import Run, RunLog


@dataclass(frozen=True)
class ModelCard:
    """One version's card in both forms."""

    version: str
    html: str
    markdown: str

    @property
    def file_stem(self) -> str:
        return f"model_card_v{self.version}"


def build(settings: Settings, project: str, version: str) -> ModelCard:
    """Measure the version anew and tell what is on record of it; BadInput if there is none."""
    spec = specs.load(settings.spec_file(project))
    chosen = _any_version(settings, project, version)
    try:
        bench = benches.measure(settings, spec, [chosen])
    except NotReady:
        bench = None
    side = compared(bench, [chosen]).sides.get(chosen.version) if bench else None
    facts = Facts(
        spec=spec,
        origin=origins(settings, project, [chosen])[chosen.version],
        bench=bench,
        side=side,
        importance=_importance(settings, chosen),
        ranges=_ranges(settings, chosen),
        checks=_checks(settings, project, chosen),
        moves=list(_moves(settings, project, chosen)),
    )
    blocks = cards.card(facts)
    return ModelCard(chosen.version, html_page(blocks, cards.title(facts)), markdown(blocks))


def log(settings: Settings, project: str, card: ModelCard) -> str:
    """Log a card to its version's run; returns the run's id, TrackingError if it is gone."""
    version = _any_version(settings, project, card.version)
    run = RunLog(settings, version.run_id)
    run.text(card.html, "model_card/model_card.html")
    run.text(card.markdown, "model_card/model_card.md")
    return version.run_id


def write(settings: Settings, project: str, version: str, folder: Path) -> dict[str, Any]:
    """Both files into ``folder``, and to the run where it still is; JSON of what was written."""
    card = build(settings, project, version)
    files = {
        folder / f"{card.file_stem}.html": card.html,
        folder / f"{card.file_stem}.md": card.markdown,
    }
    for path, text in files.items():
        write_text(path, text)
    run_id: str | None
    try:
        run_id = log(settings, project, card)
    except CourtsideError:
        run_id = None  # its run was deleted; the files stand
    return {"version": card.version, "files": [str(path) for path in files], "run_id": run_id}


def _any_version(settings: Settings, project: str, version: str) -> Version:
    """A version by number or alias, even one that may not be used."""
    number = str(version).removeprefix("v")
    for one in registry.versions(settings, project):
        if number == one.version or version in one.aliases:
            return one
    return registry.find(settings, project, version)


def _importance(settings: Settings, version: Version) -> list[Importance]:
    try:
        stored = runs.artifact_json(settings, version.run_id, "evaluation.json")
        return [Importance(**one) for one in stored["importance"]]
    except (CourtsideError, KeyError, TypeError, ValueError):
        return []  # its run is gone, or not ours


def _ranges(settings: Settings, version: Version) -> dict[str, str]:
    """What training held, by column, from the profile stored with the version."""
    try:
        stored = runs.artifact_json(settings, version.run_id, "reference_profile.json")
        profile = ReferenceProfile.from_dict(stored)
    except (CourtsideError, KeyError, TypeError, ValueError):
        return {}
    return {name: _range(feature) for name, feature in profile.features.items()}


def _range(feature: Any) -> str:
    gaps = f", {feature.missing:,} missing" if feature.missing else ""
    if isinstance(feature, NumericFeature):
        if feature.minimum is None:
            return f"no value{gaps}"
        middle = feature.quantile(0.5)
        return minus(f"{feature.minimum:g} to {feature.maximum:g}, median {middle:g}") + gaps
    named = ", ".join(feature.categories[:6])
    more = len(feature.categories) - 6
    return f"{named}{f' and {more} more' if more > 0 else ''}{gaps}"


def _checks(settings: Settings, project: str, version: Version) -> list[Run]:
    where = f"tags.action = 'monitor' AND tags.version = '{version.version}'"
    found = runs.search(settings, project, where, limit=20)
    return [run for run in found if run.status == "FINISHED"]


def _moves(settings: Settings, project: str, version: Version) -> Iterator[tuple[str, str]]:
    for run in runs.recent(settings, project, action="promote", limit=50):
        if run.status != "FINISHED" or run.params.get("version") != version.version:
            continue
        words = f"made {run.params.get('alias', 'champion')}"
        words += f" by {run.tags['who']}" if run.tags.get("who") else ""
        words += f": {run.params['reason']}" if run.params.get("reason") else ""
        gate = run.tags.get("gate")
        yield f"{run.started_at:%Y-%m-%d %H:%M} UTC", words + (f" (gate {gate})" if gate else "")
