"""Training a version again: what stands as it stood then, what changed, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.dataset.retrain import SPLIT
from core.evidence.origins import Origin
from core.tracking.registry import Version

_SAME = 1e-9
# What a training measures; the rest of a run's metrics is no property of the model.
_FIGURES = ("test_", "cv_", "recent_")
_WORDS = {
    "source_sha256": "data file (sha256)",
    "test_size": "share held out",
    "split_seed": "seed of the split",
    "stratify": "stratified split",
    "drop_duplicates": "repeated rows dropped",
    "drop_missing": "rows dropped where missing",
}
PACKAGE = "package "
SPECIFICATION = "specification"


@dataclass(frozen=True)
class Change:
    """Something that is not as it was when the version was trained."""

    what: str
    then: str
    now: str

    @property
    def words(self) -> str:
        return f"{self.what}: {_short(self.then)} then, {_short(self.now)} now"

    @property
    def is_of_data(self) -> bool:
        """Whether the rows may be others: then the same figures cannot be hoped for."""
        return not self.what.startswith(PACKAGE)


def changes(
    origin: Origin,
    present: Mapping[str, object] | None,
    spec_digest: str,
    packages: Mapping[str, str],
) -> list[Change]:
    """What differs from the version's training: data, split, specification, packages.

    ``present``: the record of the preparation that stands now; ``packages``: name to version.
    """
    found = []
    if origin.preparation is not None:
        then = origin.preparation.params
        for key in SPLIT:
            now = "" if present is None else str(present.get(key, ""))
            if then.get(key, "") != now:
                found.append(Change(_WORDS[key], then.get(key, ""), now))
    if origin.training is not None:
        before = origin.training.params
        digest = before.get("spec_digest", "")
        prepared = "" if present is None else str(present.get("spec_digest", ""))
        if digest and digest not in (spec_digest, prepared):
            found.append(Change(SPECIFICATION, digest, spec_digest))
        for name, now in packages.items():
            logged = before.get(f"version.{name}", "")
            if logged and logged != now:
                found.append(Change(f"{PACKAGE}{name}", logged, now))
    return found


@dataclass(frozen=True)
class Outcome:
    """A version trained again. ``differing``: metric to (then, now), where not the same."""

    version: str
    again: str
    differing: Mapping[str, tuple[float, float]]
    changes: Sequence[Change] = ()

    @property
    def exact(self) -> bool:
        return not self.differing

    @property
    def sentence(self) -> str:
        if self.exact:
            return f"Trained again exactly: v{self.again} has every figure of v{self.version}"
        key, (then, now) = next(iter(self.differing.items()))
        said = (
            f"v{self.again} is not v{self.version} again: {len(self.differing)} figures differ, "
            f"{key} {then:.6f} then and {now:.6f} now"
        )
        if self.changes:
            return f"{said}. What changed: {'; '.join(c.words for c in self.changes)}"
        return (
            f"{said}, though data, plan, seed and packages are the same: the algorithm is not "
            "deterministic here, or the machine differs"
        )


def outcome(
    version: str,
    again: str,
    then: Mapping[str, float],
    now: Mapping[str, float],
    changed: Sequence[Change],
) -> Outcome:
    """Hold the holdout metrics of both trainings (``test_…``) side by side."""
    keys = [key for key in then if key.startswith("test_") and key in now]
    differing = {key: (then[key], now[key]) for key in keys if abs(then[key] - now[key]) > _SAME}
    return Outcome(version, again, differing, tuple(changed))


def _short(text: str) -> str:
    return f"{text[:12]}…" if len(text) > 20 else text or "none"


def twins(listed: Iterable[Version]) -> dict[str, str]:
    """Version numbers to that of the first version that is the same to the last digit.

    The same algorithm on the same data with every figure equal: whoever trains the same plan again
    gets the same model under another number. Versions without figures have no twin.
    """
    first: dict[tuple[object, ...], str] = {}
    found = {}
    for version in sorted(listed, key=lambda one: int(one.version)):
        figures = sorted(item for item in version.metrics.items() if item[0].startswith(_FIGURES))
        data = (version.tags.get(name) for name in ("data_sha256", "spec_digest"))
        key = (version.algorithm, version.threshold, *data, *figures)
        if figures and first.setdefault(key, version.version) != version.version:
            found[version.version] = first[key]
    return found
