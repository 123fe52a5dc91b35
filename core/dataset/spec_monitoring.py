"""Reads how a project is watched: the section ``monitoring`` of its specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.dataset.monitoring_policy import KEYS, MonitoringPolicy
from core.dataset.spec_values import ValueReader
from core.errors import BadInput


class MonitoringReader(ValueReader):
    """Adds what is wrong with the section to ``faults``."""

    def _monitoring(self, content: Mapping[str, Any]) -> MonitoringPolicy:
        section = self._mapping(content, "monitoring", "", KEYS)
        policy = MonitoringPolicy()
        given = {key: value for key, value in section.items() if key in KEYS}
        faults = []
        for key, value in given.items():
            try:  # one by one, so that every fault is told
                MonitoringPolicy(warning_drop=0.0, alarm_drop=1.0).changed({key: value})
            except BadInput as exc:
                faults.append(f"monitoring.{str(exc).rstrip('.')}")
        if not faults:
            try:
                return policy.changed(given)
            except BadInput as exc:  # each is fine, but not together
                faults.append(f"monitoring.{str(exc).rstrip('.')}")
        self.faults.extend(faults)
        return policy
