"""What scoring a file gave, as a value that outlives the process that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.scoring.findings import Findings
from core.scoring.record import ScoredBy


@dataclass(frozen=True)
class FileResult:
    """What scoring a file gave. ``summary`` is the contract's JSON.

    It has a ``note`` where somebody must be told that nothing was logged this time.
    """

    summary: dict[str, Any]
    version: ScoredBy
    output: Path
    rejected: Path | None
    reasons: dict[str, int]
    findings: Findings

    def as_json(self) -> dict[str, Any]:
        """What ``from_json`` takes; the result of a background job."""
        return {
            "summary": self.summary,
            "version": self.version.version,
            "output": str(self.output),
            "rejected": str(self.rejected) if self.rejected else None,
            "reasons": self.reasons,
            "findings": self.findings.as_dict(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], version: ScoredBy) -> FileResult:
        """What ``as_json`` gave, with the version that it names."""
        return cls(
            summary=dict(stored["summary"]),
            version=version,
            output=Path(stored["output"]),
            rejected=Path(stored["rejected"]) if stored["rejected"] else None,
            reasons=dict(stored["reasons"]),
            findings=Findings.from_dict(stored["findings"]),
        )
