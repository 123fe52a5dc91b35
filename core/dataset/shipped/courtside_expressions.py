"""Arithmetic over columns in a small grammar: the other half of what travels inside a model.

Allowed are numbers, column names (in backticks where they are not plain identifiers),
``+ - * / **``, parentheses, and the functions in ``FUNCTIONS``. Everything else is refused when
the expression is read; no text is ever executed. Only numpy is imported.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

MAX_EXPRESSION_CHARACTERS = 500
MAX_EXPONENT = 8
MAX_DEPTH = 100

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "log1p": np.log1p,
    "exp": np.exp,
    "floor": np.floor,
    "hypot": np.hypot,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "arctan2": np.arctan2,
}
_TWO_ARGUMENTS = {"hypot", "minimum", "maximum", "arctan2"}
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}


class ExpressionError(ValueError):
    """An expression outside the grammar; the message says which part and what is allowed."""


class Expression:
    """One arithmetic expression over named columns.

    >>> Expression("lat - 34.0443").columns
    ('lat',)
    >>> Expression("hypot(x, y) * 2").evaluate({"x": np.array([3.0]), "y": np.array([4.0])})
    array([10.])
    """

    def __init__(self, text: str) -> None:
        """Read ``text``; raises ExpressionError if any part is outside the grammar."""
        if not isinstance(text, str) or not text.strip():
            raise ExpressionError("an expression is empty; write arithmetic such as `x - 1`")
        if len(text) > MAX_EXPRESSION_CHARACTERS:
            raise ExpressionError(
                f"an expression has {len(text)} characters; {MAX_EXPRESSION_CHARACTERS} is the most"
            )
        self.text = text
        self._quoted: dict[str, str] = {}
        source = re.sub(r"`([^`]+)`", self._quote, text.strip())
        try:
            tree = ast.parse(source, mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
            raise ExpressionError(f"{text!r} is not arithmetic ({exc})") from None
        names: list[str] = []
        self._check(tree.body, source, names)
        self._body = tree.body
        self.columns = tuple(dict.fromkeys(names))

    def _quote(self, match: re.Match[str]) -> str:
        placeholder = f"column_{len(self._quoted)}_in_backticks"
        self._quoted[placeholder] = match.group(1)
        return placeholder

    def _check(self, node: ast.AST, source: str, names: list[str], depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"an expression is nested over {MAX_DEPTH} deep; split it up")
        match node:
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                if isinstance(op, ast.Pow) and not _is_small_number(right):
                    raise ExpressionError(
                        f"{self.text!r}: an exponent must be a number up to {MAX_EXPONENT}"
                    )
                self._check(left, source, names, depth + 1)
                self._check(right, source, names, depth + 1)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                self._check(operand, source, names, depth + 1)
            case ast.Constant(value=value) if _is_number(value):
                pass
            case ast.Name(id=name):
                names.append(self._quoted.get(name, name))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                wanted = 2 if name in _TWO_ARGUMENTS else 1
                if len(arguments) != wanted:
                    raise ExpressionError(f"{self.text!r}: {name} takes {wanted} argument(s)")
                for argument in arguments:
                    self._check(argument, source, names, depth + 1)
            case _:
                part = ast.get_source_segment(source, node) or self.text
                raise ExpressionError(
                    f"{self.text!r}: {part[:60]!r} is not allowed; an expression may "
                    f"hold numbers, column names, + - * / ** and {', '.join(sorted(FUNCTIONS))}"
                )

    def evaluate(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Value for every row, float64 of shape (n,); undefined results are nan.

        ``columns`` maps each name in ``self.columns`` to a float64 array of shape (n,).
        """
        with np.errstate(all="ignore"):
            value = np.asarray(self._value(self._body, columns), dtype=np.float64)
        if value.ndim == 0:
            rows = len(next(iter(columns.values()))) if columns else 1
            value = np.full(rows, float(value))
        return np.where(np.isfinite(value), value, np.nan)

    def _value(self, node: ast.AST, columns: Mapping[str, np.ndarray]) -> Any:
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](self._value(left, columns), self._value(right, columns))
            case ast.UnaryOp(op=op, operand=operand):
                value = self._value(operand, columns)
                return -value if isinstance(op, ast.USub) else value
            case ast.Constant(value=value):
                return float(value)  # type: ignore[arg-type]
            case ast.Name(id=name):
                return columns[self._quoted.get(name, name)]
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return FUNCTIONS[name](*(self._value(a, columns) for a in arguments))
        raise ExpressionError(f"{self.text!r} was not checked")


def _is_number(value: object) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) < 1e300
        and math.isfinite(value)
    )


def _is_small_number(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return (
        isinstance(node, ast.Constant)
        and _is_number(node.value)
        and abs(node.value) <= MAX_EXPONENT  # type: ignore[arg-type]
    )
