"""Drift monitoring: what production looks like against what the champion was made for."""

from core.ui import frame, monitoring

frame.show(
    "Drift monitoring",
    "Whether production is still what the champion was made for, before the labels say so.",
    monitoring.body,
)
