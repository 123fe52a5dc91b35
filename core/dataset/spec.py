"""A project's specification: what the columns are, how rows become features, how to train.

One YAML file per project (``data/<project>/project.yaml``); `load` reads it, `parse` checks it.
All faults are reported at once, each with the place in the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.dataset.monitoring_policy import MonitoringPolicy
from core.dataset.promotion_policy import PromotionPolicy
from core.dataset.training_options import Options
from core.errors import NotReady, SpecError

KINDS = ("numeric", "boolean", "categorical")
# PyCaret's names of the metrics that tuning can optimise.
TUNING_METRICS = ("AUC", "F1", "Accuracy", "Recall", "Prec.", "Kappa", "MCC")

# Parts of a specification that decide neither which rows are prepared nor the model's columns.
_NOT_OF_DATA = frozenset(
    {"title", "purpose", "training", "monitoring", "promotion", "intended_use", "limits", "court"}
    | {"download"}
)


@dataclass(frozen=True)
class Target:
    """The column to predict; ``positive`` is the label of class 1, compared as text."""

    column: str
    positive: str
    positive_words: str
    negative_words: str


@dataclass(frozen=True)
class Column:
    """One raw input column of the model."""

    name: str
    kind: str
    unit: str = ""
    words: str = ""

    @property
    def title(self) -> str:
        """Name for a chart or a form, in words where the project gives them."""
        return self.words or self.name


@dataclass(frozen=True)
class Court:
    """Where a shot was taken, as expressions in feet from the basket over raw columns."""

    x: str
    y: str


@dataclass(frozen=True)
class Source:
    """A public copy of one of the project's files, trusted by its checksum."""

    url: str
    sha256: str


@dataclass(frozen=True)
class ModelPlan:
    """One algorithm by PyCaret's id, its settings, and how many candidates tuning tries."""

    algorithm: str
    candidates: int
    settings: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class TrainingDefaults:
    """How the project trains unless the user says otherwise.

    ``fit_share`` is the part of the training rows that is fitted and cross-validated; the rest is
    PyCaret's own validation split. 1.0 uses them all.
    """

    seed: int = 42
    folds: int = 10
    metric: str = "AUC"
    fit_share: float = 1.0
    models: tuple[ModelPlan, ...] = (ModelPlan("lr", 20), ModelPlan("dt", 40))
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class ProjectSpec:
    """Everything Courtside knows about a project before it sees a row.

    ``digest`` is another after any change of its text, ``data_digest`` only where the prepared
    rows or the model's columns may be others: not by another title, training plan or policy.
    """

    name: str
    title: str
    purpose: str
    target: Target
    columns: tuple[Column, ...]
    derived: tuple[tuple[str, str], ...]
    features: tuple[str, ...]
    identify: str | None
    date: str | None
    dev_file: str
    prod_file: str
    drop_duplicates: bool
    drop_missing: tuple[str, ...]
    test_size: float
    split_seed: int
    stratify: bool
    training: TrainingDefaults
    monitoring: MonitoringPolicy
    court: Court | None
    downloads: tuple[tuple[str, Source], ...]
    digest: str = field(default="", compare=False)
    data_digest: str = field(default="", compare=False)
    promotion: PromotionPolicy = field(default_factory=PromotionPolicy)
    intended_use: str = ""
    limits: str = ""

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """Names of the columns that the model takes, in the order of the file."""
        return tuple(column.name for column in self.columns)

    @property
    def kinds(self) -> dict[str, str]:
        """Raw column name to kind."""
        return {column.name: column.kind for column in self.columns}

    @property
    def categories(self) -> tuple[str, ...]:
        """Raw columns that hold text, whatever their values look like."""
        return tuple(column.name for column in self.columns if column.kind == "categorical")

    @property
    def units(self) -> dict[str, str]:
        """Raw column name to unit; columns without one are absent."""
        return {column.name: column.unit for column in self.columns if column.unit}

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Raw columns that a row must have a value in to be trained on or scored."""
        return tuple(name for name in self.raw_columns if name in self.drop_missing)

    def prepares(self, recorded: str | None) -> bool:
        """Whether a preparation on whose record this digest stands is still this one's."""
        return recorded in (self.data_digest, self.digest)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def load(path: Path) -> ProjectSpec:
    """Read a specification file; NotReady if it is absent, SpecError if it cannot be used."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotReady(
            f"There is no project {path.parent.name!r} here yet; make it with "
            f"`python -m core init --project {path.parent.name} …` or choose another."
        ) from None
    except (OSError, UnicodeDecodeError) as exc:
        raise SpecError(f"{path.name} cannot be read as UTF-8 text ({exc}).") from exc
    return from_text(text, name=path.parent.name, source=path.name)


def from_text(text: str, name: str, source: str = "The specification") -> ProjectSpec:
    """Parse YAML text; raises SpecError with every fault found."""
    from core.dataset.spec_yaml import read_mapping

    if len(text) > 200_000:
        raise SpecError(f"{source} has {len(text):,} characters; a specification is a short file.")
    return parse(read_mapping(text, source), name=name, source=source, text=text)


def parse(content: Mapping[str, Any], name: str, source: str, text: str = "") -> ProjectSpec:
    """Check a specification and return it; SpecError lists every fault found."""
    from core.dataset.spec_reader import SpecReader

    reader = SpecReader(content)
    spec = reader.read(name)
    if reader.faults or spec is None:
        listed = "; ".join(reader.faults)
        raise SpecError(f"{source} cannot be used: {listed}.")
    of_data = {key: value for key, value in content.items() if key not in _NOT_OF_DATA}
    return replace(
        spec,
        digest=_sha256(text or repr(content)),
        data_digest=_sha256(json.dumps(of_data, sort_keys=True, default=str)),
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
