"""The error tree is what its docstring draws, and what the terminal's exit codes rely on."""

from __future__ import annotations

import inspect
import re

from core import errors


def drawn_tree() -> dict[str, str | None]:
    """Class name to parent's name, read from the drawing."""
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ([ │├└─]*)([A-Z]\w+)  ", line)
        if match:
            depth = len(match.group(1))
            above = [(d, name) for d, name in above if d < depth]
            parents[match.group(2)] = above[-1][1] if above else None
            above.append((depth, match.group(2)))
    return parents


def test_every_error_is_in_the_drawing_under_its_parent() -> None:
    real = {
        name: None if cls is errors.CourtsideError else cls.__bases__[0].__name__
        for name, cls in inspect.getmembers(errors, inspect.isclass)
    }
    assert drawn_tree() == real


def test_what_the_user_can_mend_is_bad_input() -> None:
    for cls in (errors.SpecError, errors.DataFileError, errors.SchemaError, errors.NotReady):
        assert issubclass(cls, errors.BadInput)
    for cls in (errors.JobError, errors.TrackingError, errors.EndpointError, errors.IntegrityError):
        assert not issubclass(cls, errors.BadInput)
