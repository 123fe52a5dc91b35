"""What MLflow's scoring server says when it refuses rows, in plain words."""

from __future__ import annotations

import re
from typing import Any

from core.scoring.wording import as_sentence

_MISSING = re.compile(r"Model is missing inputs \[(?P<missing>.*?)\]\.")
_EXTRA = re.compile(r"there were extra inputs: \[(?P<extra>.*?)\]\.")
_CONVERSION = re.compile(
    r"Failed to convert column (?P<column>.+?) (?:from type \S+ )?to (?:type )?'?(?P<type>\w+)'?\."
)
_INCOMPATIBLE = re.compile(
    r"Incompatible input types for column (?P<column>.+?)\. "
    r"Can not safely convert (?P<found>\S+) to (?P<type>\S+)\."
)
_TEXT_VALUE = re.compile(r"could not convert string to \w+: (?P<value>'.*?'|\".*?\")")
_NO_VALUE = ("non-finite", "NoneType", "NaN to integer", "NA to integer")
_INSIDE_THE_MODEL = "unexpected error while evaluating the model"

_KINDS = {
    "int": "whole numbers",
    "long": "whole numbers",
    "float": "numbers",
    "double": "numbers",
    "bool": "true or false",
    "date": "dates",
    "str": "text",
    "object": "text",
}


def in_plain_words(body: dict[str, Any]) -> str:
    """One or two sentences for the JSON that came with a 4xx: what is wrong, what to do."""
    message = str(body.get("message") or body.get("detail") or "")
    if _INSIDE_THE_MODEL in message:
        return _failed_inside(str(body.get("stack_trace") or ""))
    for explain in (_missing_columns, _wrong_type, _incompatible):
        if words := explain(message):
            return words
    return f"The endpoint refused the rows: {_last_cause(message)}"


def _missing_columns(message: str) -> str:
    found = _MISSING.search(message)
    if not found:
        return ""
    extra = _EXTRA.search(message)
    beside = f" They hold {extra['extra']}, which it does not use." if extra else ""
    return (
        f"The model needs {found['missing']}, which the rows do not have.{beside} Send every raw "
        "column that the model was trained on."
    )


def _wrong_type(message: str) -> str:
    found = _CONVERSION.search(message)
    if not found:
        return ""
    if any(word in message for word in _NO_VALUE):
        wrong = "a missing value"
    else:
        value = _TEXT_VALUE.search(message)
        wrong = f"the text {value['value']}" if value else "something else"
    return (
        f"The model needs {_kind(found['type'])} in column {found['column']!r}; found {wrong}. "
        "Correct the column and send the rows again."
    )


def _incompatible(message: str) -> str:
    found = _INCOMPATIBLE.search(message)
    if not found:
        return ""
    return (
        f"The model needs {_kind(found['type'])} in column {found['column']!r}; found "
        f"{_kind(found['found'])}. Correct the column and send the rows again."
    )


def _kind(type_name: str) -> str:
    plain = type_name.lower().rpartition(".")[2]
    return next((words for start, words in _KINDS.items() if plain.startswith(start)), plain)


def _failed_inside(stack_trace: str) -> str:
    lines = [line.strip() for line in stack_trace.splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    cause = as_sentence(raised[-1]) if raised else "it gave no reason."
    return f"The model could not score the rows: {cause} Check their values against the training's."


def _last_cause(message: str) -> str:
    cause = message.rpartition("Error: ")[2].removeprefix("Invalid input. ")
    return as_sentence(cause) if cause.strip() else "it gave no reason."
