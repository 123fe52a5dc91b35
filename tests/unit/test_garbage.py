"""The server's garbage: libraries are passed over, what pages leave is collected."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Iterator

import pytest

from core.ui.garbage import WORTH_IT, Collector


class Left:
    """Something in a circle, as a page leaves it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collector() -> Iterator[Collector]:
    gc.unfreeze()
    yield Collector()
    gc.unfreeze()


def test_libraries_are_passed_over_and_what_pages_leave_is_not(collector: Collector) -> None:
    before = weakref.ref(Left())
    looked_through = len(gc.get_objects())
    collector.keep_libraries()
    assert before() is None, "garbage of before is not kept"
    assert len(gc.get_objects()) < looked_through / 10
    after = weakref.ref(Left())
    gc.collect()
    assert after() is None


def test_it_is_done_again_only_once_many_more_are_loaded(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.keep_libraries()
    loaded_since = Left()
    collector.keep_libraries()
    assert is_looked_through(loaded_since)
    for number in range(WORTH_IT):
        monkeypatch.setitem(sys.modules, f"a_library.part_{number}", types.ModuleType("part"))
    collector.keep_libraries()
    assert not is_looked_through(loaded_since)


def is_looked_through(one: Left) -> bool:
    return any(other is one for other in gc.get_objects())
