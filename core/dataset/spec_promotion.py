"""Reads what a version must show to be promoted: the section ``promotion`` of a specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.dataset.promotion_policy import KEYS, PromotionPolicy
from core.dataset.spec_values import ValueReader
from core.errors import BadInput


class PromotionReader(ValueReader):
    """Adds what is wrong with the section to ``faults``."""

    def _promotion(self, content: Mapping[str, Any]) -> PromotionPolicy:
        section = self._mapping(content, "promotion", "", KEYS)
        policy = PromotionPolicy()
        for key in section:
            if key not in KEYS:
                continue
            try:  # one by one, so that every fault is told
                policy = policy.changed({key: section[key]})
            except BadInput as exc:
                self.faults.append(f"promotion.{str(exc).rstrip('.')}")
        return policy
