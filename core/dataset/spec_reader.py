"""Reads the mapping behind a specification, collecting every fault instead of the first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.dataset.expression import Expression, ExpressionError
from core.dataset.spec import (
    KINDS,
    Column,
    Court,
    ProjectSpec,
    Source,
    Target,
)
from core.dataset.spec_monitoring import MonitoringReader
from core.dataset.spec_promotion import PromotionReader
from core.dataset.spec_training import TrainingReader
from core.dataset.spec_values import suggest

_TOP = [
    "title",
    "purpose",
    "intended_use",
    "limits",
    "target",
    "columns",
    "derived",
    "features",
    "identify",
    "date",
    "files",
    "rows",
    "split",
    "training",
    "promotion",
    "monitoring",
    "court",
    "download",
]
_FORBIDDEN = re.compile(r'[",:\[\]{}\x00-\x1f]')
_LOG_COLUMNS = {
    "logged_at",
    "prediction_id",
    "request_id",
    "source",
    "model_version",
    "probability",
    "prediction",
    "label",
    "reason",
}


class SpecReader(TrainingReader, MonitoringReader, PromotionReader):
    """One reading of one mapping; ``faults`` says what is wrong, in the order of the file."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__()
        self.content = content

    def read(self, name: str) -> ProjectSpec | None:
        """The specification, or None if ``faults`` is not empty."""
        self._known(self.content, _TOP, "")
        target = self._target()
        columns = self._columns(target)
        derived = self._derived(columns, target)
        features = self._features(columns, derived)
        self._used(columns, derived, features)
        rows = self._mapping(self.content, "rows", "", ["drop_duplicates", "drop_missing"])
        split = self._mapping(self.content, "split", "", ["test_size", "seed", "stratify"])
        files = self._mapping(self.content, "files", "", ["dev", "prod"])
        dev_file = self._file(files, "dev", "dev.parquet")
        prod_file = self._file(files, "prod", "prod.parquet")
        if dev_file == prod_file:
            self.faults.append(f"files.dev and files.prod are both {dev_file!r}; name two files")
        training = self._training(self.content)
        spec = ProjectSpec(
            name=name,
            title=self._text(self.content, "title", name),
            purpose=self._text(self.content, "purpose", ""),
            target=target,
            columns=columns,
            derived=derived,
            features=features,
            identify=self._text(self.content, "identify", "") or None,
            date=self._text(self.content, "date", "") or None,
            dev_file=dev_file,
            prod_file=prod_file,
            drop_duplicates=self._flag(rows, "drop_duplicates", True, "rows."),
            drop_missing=self._drop_missing(rows, columns, target),
            test_size=self._number(split, "test_size", 0.2, 0.01, 0.9, "split."),
            split_seed=self._whole(split, "seed", 42, 0, 2**31 - 1, "split."),
            stratify=self._flag(split, "stratify", True, "split."),
            training=training,
            monitoring=self._monitoring(self.content),
            court=self._court(columns),
            downloads=self._downloads(),
            promotion=self._promotion(self.content),
            intended_use=self._text(self.content, "intended_use", ""),
            limits=self._text(self.content, "limits", ""),
        )
        return None if self.faults else spec

    def _target(self) -> Target:
        allowed = ["column", "positive", "positive_words", "negative_words"]
        target = self._mapping(self.content, "target", "", allowed, required=True)
        column = self._text(target, "column", "", "target.", required=bool(target))
        positive = target.get("positive")
        if target and (positive is None or isinstance(positive, (dict, list))):
            self.faults.append("target.positive must be the label of the positive class")
        return Target(
            column=column,
            positive=str(positive),
            positive_words=self._text(target, "positive_words", str(positive), "target."),
            negative_words=self._text(target, "negative_words", f"not {positive}", "target."),
        )

    def _columns(self, target: Target) -> tuple[Column, ...]:
        listed = self.content.get("columns")
        if not isinstance(listed, dict) or not listed:
            self.faults.append(
                "columns must map each raw column to its kind, e.g. `columns: {age: numeric}`"
            )
            return ()
        found = []
        for raw_name, value in listed.items():
            name = str(raw_name)
            entry = value if isinstance(value, dict) else {"kind": value}
            self._known(entry, ["kind", "unit", "words"], f"columns.{name}.")
            kind = str(entry.get("kind"))
            if kind not in KINDS:
                self.faults.append(
                    f"columns.{name}: a kind is {', '.join(KINDS)}; found {kind!r}"
                    f"{suggest(kind, KINDS)}"
                )
            if _FORBIDDEN.search(name) or not name.strip():
                self.faults.append(f'columns: the name {name!r} holds a character of ",:[]{{}}')
            if name == target.column:
                self.faults.append(f"columns.{name} is the target; it cannot be an input too")
            if name in _LOG_COLUMNS:
                self.faults.append(f"columns.{name}: that name is taken by the inference log")
            found.append(
                Column(name, kind, str(entry.get("unit") or ""), str(entry.get("words") or ""))
            )
        return tuple(found)

    def _derived(self, columns: Sequence[Column], target: Target) -> tuple[tuple[str, str], ...]:
        listed = self.content.get("derived") or {}
        if not isinstance(listed, dict):
            self.faults.append("derived must map each new feature to an expression")
            return ()
        usable = [column.name for column in columns if column.kind != "categorical"]
        taken = {target.column, *(column.name for column in columns)}
        found = []
        for raw_name, text in listed.items():
            name = str(raw_name)
            if name in taken or _FORBIDDEN.search(name) or not name.strip():
                self.faults.append(f'derived.{name}: that name is taken or holds one of ",:[]{{}}')
            self._expression(f"derived.{name}", text, usable)
            usable.append(name)
            found.append((name, str(text)))
        return tuple(found)

    def _expression(self, where: str, text: object, usable: Sequence[str]) -> None:
        try:
            expression = Expression(str(text))
        except ExpressionError as exc:
            self.faults.append(f"{where}: {exc}")
            return
        for name in expression.columns:
            if name not in usable:
                self.faults.append(
                    f"{where} uses {name!r}, which is not a numeric or boolean column"
                    f"{suggest(name, usable)}"
                )

    def _features(
        self, columns: Sequence[Column], derived: Sequence[tuple[str, str]]
    ) -> tuple[str, ...]:
        available = [column.name for column in columns] + [name for name, _ in derived]
        listed = self.content.get("features", available)
        if not isinstance(listed, list) or not listed:
            self.faults.append("features must list the model's features")
            return ()
        names = [str(name) for name in listed]
        for name in names:
            if name not in available:
                self.faults.append(
                    f"features: {name!r} is neither a column nor derived{suggest(name, available)}"
                )
        if len(set(names)) < len(names):
            self.faults.append("features lists a name twice")
        return tuple(names)

    def _used(
        self,
        columns: Sequence[Column],
        derived: Sequence[tuple[str, str]],
        features: Sequence[str],
    ) -> None:
        if self.faults:
            return
        used = set(features)
        for _, text in derived:
            used.update(Expression(text).columns)
        idle = [column.name for column in columns if column.name not in used]
        if idle:
            self.faults.append(
                f"columns {', '.join(idle)} are used by no feature; remove them or list them"
            )

    def _drop_missing(
        self, rows: Mapping[str, Any], columns: Sequence[Column], target: Target
    ) -> tuple[str, ...]:
        names = [column.name for column in columns]
        value = rows.get("drop_missing", "all")
        if value == "all":
            return (*names, target.column)
        if value in (None, "target"):
            return (target.column,)
        if not isinstance(value, list):
            self.faults.append("rows.drop_missing is `all`, `target` or a list of columns")
            return ()
        for name in value:
            if str(name) not in [*names, target.column]:
                self.faults.append(
                    f"rows.drop_missing: {name!r} is not a column{suggest(str(name), names)}"
                )
        return tuple(dict.fromkeys([*map(str, value), target.column]))

    def _court(self, columns: Sequence[Column]) -> Court | None:
        if self.content.get("court") is None:
            return None
        court = self._mapping(self.content, "court", "", ["x", "y"])
        usable = [column.name for column in columns if column.kind != "categorical"]
        for axis in ("x", "y"):
            self._expression(f"court.{axis}", court.get(axis, ""), usable)
        return Court(str(court.get("x")), str(court.get("y")))

    def _downloads(self) -> tuple[tuple[str, Source], ...]:
        listed = self._mapping(self.content, "download", "", ["dev", "prod"])
        found = []
        for role in listed:
            entry = self._mapping(listed, role, "download.", ["url", "sha256"])
            url = self._text(entry, "url", "", f"download.{role}.", required=True)
            digest = self._text(entry, "sha256", "", f"download.{role}.", required=True)
            if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
                self.faults.append(f"download.{role}.url must begin with https://")
            if not re.fullmatch(r"[0-9a-f]{64}", digest):
                self.faults.append(f"download.{role}.sha256 must be 64 hexadecimal digits")
            found.append((role, Source(url, digest)))
        return tuple(found)

    def _file(self, files: Mapping[str, Any], key: str, default: str) -> str:
        name = self._text(files, key, default, "files.")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(parquet|csv)", name):
            self.faults.append(
                f"files.{key} must be a plain file name ending in .parquet or .csv; found {name!r}"
            )
        return name
