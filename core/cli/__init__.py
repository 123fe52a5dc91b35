"""The terminal: the same services as the pages, one module per part of the life cycle."""

from core.cli.main import main

__all__ = ["main"]
