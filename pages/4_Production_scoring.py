"""Production scoring: score a production file or a single row; every prediction is logged."""

from core.ui import frame, scoring

frame.show(
    "Production scoring",
    "Score a production file or a single row; every prediction is logged.",
    scoring.body,
)
