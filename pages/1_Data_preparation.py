"""Data preparation: look at the raw rows, prepare them for the model."""

from core.ui import frame, preparation

frame.show(
    "Data preparation",
    "Look at the raw rows, then clean, derive features and split them for training.",
    preparation.body,
)
