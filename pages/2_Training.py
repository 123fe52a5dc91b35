"""Training: train and tune models on the prepared rows; the page stays yours while it runs."""

from core.ui import frame, training

frame.show(
    "Training",
    "Train and tune models on the prepared rows; the page stays yours while it runs.",
    training.body,
)
