"""Registered versions of a project's model and the aliases that say which one is in charge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.errors import BadInput, NotReady
from core.files import file_lock
from core.settings import Settings
from core.tracking import runs
from core.tracking.store import client, mapped_errors

CHAMPION, CHALLENGER = "champion", "challenger"
ALIASES = (CHAMPION, CHALLENGER)
# Whether a version is the model that was measured. Those registered without the tag were proven
# before they were registered.
PROOF, PENDING, PASSED, FAILED = "proof", "pending", "passed", "failed"
# Which version one is, trained again exactly: no candidate of its own.
REPRODUCES = "reproduces"
_PROOF_MESSAGE = "proof_message"


@dataclass(frozen=True)
class Version:
    """One registered version with the figures of the run that made it.

    ``metrics`` are the run's, e.g. ``test_roc_auc``; ``params`` its logged hyperparameters. A
    run's model that is not ``registered`` has the name of its run in the place of a number.
    ``model_id``: of the stored model that it was made of, where that has one. ``training``: the
    run of the training that it was part of, its own where it stands alone.
    """

    version: str
    algorithm: str
    title: str
    run_id: str
    source: str
    created_at: datetime
    threshold: float
    aliases: tuple[str, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    registered: bool = True
    model_id: str = ""
    training: str = ""

    @property
    def is_champion(self) -> bool:
        return CHAMPION in self.aliases

    @property
    def is_challenger(self) -> bool:
        return CHALLENGER in self.aliases

    @property
    def why_not(self) -> str | None:
        """Why it may not be used, or None if it may."""
        proof = self.tags.get(PROOF, PASSED)
        if proof == PASSED:
            return None
        said = self.tags.get(_PROOF_MESSAGE) or "it has not been proven to be the one measured."
        return f"{self.label} cannot be used: {said}"

    @property
    def reproduces(self) -> str | None:
        """The number of the version that it is, trained again exactly; None for any other."""
        return self.tags.get(REPRODUCES) or None

    @property
    def name(self) -> str:
        """What it is called in a sentence: "v3", or "run-3f2a1b9c" where it is not registered."""
        return f"v{self.version}" if self.registered else self.version

    @property
    def label(self) -> str:
        """Short name for a chart or a choice, e.g. "v3 Logistic Regression"."""
        return f"{self.name} {self.title}"


def versions(settings: Settings, project: str) -> list[Version]:
    """All registered versions, newest first, with their runs' figures; two questions in all.

    Those whose proof is still to come are not registered yet, as far as anybody is concerned.
    """
    return [v for v in _all_versions(settings, project) if v.tags.get(PROOF) != PENDING]


def _all_versions(settings: Settings, project: str) -> list[Version]:
    from mlflow.exceptions import MlflowException

    store = client(settings)
    with mapped_errors("list the registered versions"):
        found = list(store.search_model_versions(f"name = '{project}'", max_results=1000))
        if not found:
            return []
        try:
            aliases = store.get_registered_model(project).aliases
        except MlflowException:
            aliases = {}
    quoted = ", ".join(f"'{version.run_id}'" for version in found)
    known = {
        run.run_id: run
        for run in runs.search(settings, project, f"attributes.run_id IN ({quoted})")
    }
    listed = [_version(version, aliases, known.get(version.run_id)) for version in found]
    return sorted(listed, key=lambda version: int(version.version), reverse=True)


def find(settings: Settings, project: str, which: str = "champion") -> Version:
    """A version by alias or number.

    NotReady if nothing is registered, BadInput if not this, or if it failed its proof.
    """
    listed = versions(settings, project)
    if not listed:
        raise NotReady(f"{project} has no trained model yet; train one first.")
    wanted = str(which).removeprefix("v")
    for version in listed:
        if wanted == version.version or which in version.aliases:
            if why_not := version.why_not:
                raise BadInput(why_not)
            return version
    usable = [v for v in listed if v.why_not is None]
    names = ", ".join([f"v{v.version}" for v in usable] + [a for v in usable for a in v.aliases])
    raise BadInput(f"{project} has no version {which!r}; choose one of {names}.")


def champion(settings: Settings, project: str) -> Version | None:
    """The version in charge, or None."""
    return next((v for v in versions(settings, project) if v.is_champion), None)


def register(
    settings: Settings, project: str, source: str, run_id: str, tags: Mapping[str, str]
) -> str:
    """Make a new version of the project's model from a logged one; returns its number."""
    from mlflow.exceptions import MlflowException

    store = client(settings)
    with mapped_errors("register the model"):
        try:
            store.get_registered_model(project)
        except MlflowException:
            store.create_registered_model(project)
        made = store.create_model_version(
            project, source, run_id, tags=dict(tags), model_id=_model_id(source)
        )
    return str(made.version)


def _model_id(source: str) -> str | None:
    """The id of the stored model that ``models:/m-…`` names; a server insists on it."""
    name = source.removeprefix("models:/")
    return name if name != source and name.startswith("m-") and "/" not in name else None


def of_run(settings: Settings, project: str, run_id: str) -> Version | None:
    """The version that a run's model was registered as, its proof still to come or not."""
    return next((v for v in _all_versions(settings, project) if v.run_id == run_id), None)


def record_proof(settings: Settings, project: str, version: str, failure: str | None) -> None:
    """Say of a version that its proof passed, or failed and how: then it is never used."""
    store = client(settings)
    with mapped_errors("record the proof of the model"):
        if failure is not None:
            store.set_model_version_tag(project, version, _PROOF_MESSAGE, failure[:4000])
        verdict = PASSED if failure is None else FAILED
        store.set_model_version_tag(project, version, PROOF, verdict)


def discard_unproven(settings: Settings, project: str, run_ids: Collection[str]) -> None:
    """Remove the versions of these runs whose proof never came: their training has ended."""
    for version in _all_versions(settings, project):
        if version.run_id in run_ids and version.tags.get(PROOF) == PENDING:
            with mapped_errors("remove a version that was never proven"):
                client(settings).delete_model_version(project, version.version)


def set_alias(settings: Settings, project: str, alias: str, version: str) -> str | None:
    """Move an alias to a version; returns the version that had it before, or None.

    BadInput for an alias that is none, and for a version that failed its proof.
    """
    if alias not in ALIASES:
        raise BadInput(f"An alias is one of {', '.join(ALIASES)}; found {alias!r}.")
    store = client(settings)
    with file_lock(settings.project_dir(project) / "aliases.lock"):
        listed = _all_versions(settings, project)
        why_not = next((v.why_not for v in listed if v.version == version), None)
        if why_not is not None:
            raise BadInput(why_not)
        previous = next((v.version for v in listed if alias in v.aliases), None)
        with mapped_errors(f"move the alias {alias}"):
            store.set_registered_model_alias(project, alias, version)
    return previous


def remove_alias(settings: Settings, project: str, alias: str, version: str) -> bool:
    """Take an alias from a version; False, and nothing is done, where another has it, or none."""
    with file_lock(settings.project_dir(project) / "aliases.lock"):
        listed = _all_versions(settings, project)
        if not any(v.version == version and alias in v.aliases for v in listed):
            return False
        with mapped_errors(f"remove the alias {alias}"):
            client(settings).delete_registered_model_alias(project, alias)
    return True


def _version(version: Any, aliases: Mapping[str, str], run: runs.Run | None) -> Version:
    number = str(version.version)
    tags = dict(version.tags)
    if run is not None and REPRODUCES in run.tags:  # told once it was measured
        tags.setdefault(REPRODUCES, run.tags[REPRODUCES])
    return Version(
        version=number,
        algorithm=tags.get("algorithm", "?"),
        title=tags.get("title") or tags.get("algorithm") or "model",
        run_id=version.run_id or "",
        source=version.source or "",
        created_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
        threshold=float(tags.get("threshold", 0.5)),
        aliases=tuple(sorted((a for a, v in aliases.items() if str(v) == number), key=_rank)),
        metrics=dict(run.metrics) if run else {},
        params=dict(run.params) if run else {},
        tags=tags,
        model_id=version.model_id or "",
        training=run.tags.get("mlflow.parentRunId", run.run_id) if run else "",
    )


def _rank(alias: str) -> tuple[int, str]:
    """The champion's first, then the challenger's, then whatever others gave."""
    return (ALIASES.index(alias) if alias in ALIASES else len(ALIASES)), alias
