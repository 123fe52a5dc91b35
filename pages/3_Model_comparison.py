"""Model comparison: the versions side by side, and which one is in charge."""

from core.ui import comparison, frame

frame.show(
    "Model comparison",
    "The versions side by side, and which one is in charge.",
    comparison.body,
)
