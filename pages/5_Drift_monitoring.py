"""Drift monitoring: what production looks like against the training data."""

from core.ui import frame, monitoring

frame.show(
    "Drift monitoring",
    "What production looks like against the training data, before the labels say so.",
    monitoring.body,
)
