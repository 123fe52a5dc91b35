"""The arithmetic grammar of derived features (see ``shipped/courtside_expressions.py``)."""

from __future__ import annotations

from core.dataset import shipped_code

_module = shipped_code.load("courtside_expressions")

Expression = _module.Expression
ExpressionError = _module.ExpressionError
