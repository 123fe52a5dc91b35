"""Home: where the project stands and what to do next."""

from core.ui import frame, home

frame.show(
    "Courtside",
    "Takes a classifier through its whole life: prepare, train, compare, score, watch, mend.",
    home.body,
)
