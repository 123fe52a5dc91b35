"""Other programs' words, fit to stand in one of our own sentences."""

from __future__ import annotations

_MOST_CHARACTERS = 300


def as_sentence(text: str) -> str:
    """``text`` on one line, of bounded length, with a full stop."""
    joined = " ".join(text.split())
    if len(joined) > _MOST_CHARACTERS:
        joined = joined[:_MOST_CHARACTERS].rstrip() + "…"
    return joined if joined.endswith((".", "…", "!", "?")) else joined + "."
