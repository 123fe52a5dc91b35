"""What somebody wants scored: the plan of a scoring, now or in the background."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Order:
    """A file, with a version, to a file.

    ``also``: other versions on the same rows, to files only. ``renames``: a column of this file to
    the needed column that it is. ``shown_as`` names the file in messages and in the record.
    """

    project: str
    source: Path
    out: Path
    model: str
    also: tuple[str, ...] = ()
    origin: str = "batch"
    shown_as: str = ""
    renames: Mapping[str, str] = field(default_factory=dict)

    @property
    def rejected(self) -> Path:
        """Where rows go that cannot be scored."""
        return self.out.with_name(f"{self.out.stem}_rejected{self.out.suffix}")

    def outputs(self, others: tuple[str, ...]) -> list[Path]:
        """Where predictions go: of the model, and of each version of ``others``."""
        more = (self.out.with_name(f"{self.out.stem}_v{v}{self.out.suffix}") for v in others)
        return [self.out, *more]

    def asked(self, source_sha256: str, data_digest: str, versions: Sequence[str]) -> str:
        """The same text for the same rows by the same versions, wherever to and whoever asks."""
        said = [self.project, source_sha256, data_digest, [*versions], sorted(self.renames.items())]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """A background job's plan."""
        return {**vars(self), "source": str(self.source), "out": str(self.out)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Order:
        """What ``as_json`` gave."""
        paths = {"source": Path(stored["source"]), "out": Path(stored["out"])}
        return cls(**{**stored, **paths, "also": tuple(stored["also"])})
