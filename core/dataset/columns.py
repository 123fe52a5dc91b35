"""Reading a column's values (see ``shipped/courtside_columns.py``)."""

from __future__ import annotations

from core.dataset import shipped_code

_module = shipped_code.load("courtside_columns")

MISSING: str = _module.MISSING
as_booleans = _module.as_booleans
as_categories = _module.as_categories
as_numbers = _module.as_numbers
as_text = _module.as_text
