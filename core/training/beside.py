"""Work for the processes that fit, while this one is busy with what only it can do.

Loading PyCaret and publishing to MLflow keep one processor busy; the others draw the figures, or
get ready to fit, meanwhile.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from core.files import file_lock, read_json, write_bytes, write_text
from core.training.imports import uncollected

_NEEDED = (
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.tree",
    "matplotlib.backends.backend_agg",
    "matplotlib.style",
    "plotly.graph_objects",
    "core.evaluation.png",
    "core.training.figures",
)
# Of the imports of one process, on a machine that does much else.
_LONGEST_SECONDS = 600.0
Call = tuple[Callable[..., None], tuple[Any, ...]]


@contextmanager
def working(workers: int, calls: Iterable[Call]) -> Iterator[Callable[[], None]]:
    """Functions with their arguments are called in ``workers`` processes, beside the block.

    What the block is given waits until all are done, and raises what one of them raised; with one
    worker they are done only then. Those that nobody waited for are stopped at the block's end.
    """
    from joblib import Parallel, delayed

    tasks = [delayed(function)(*arguments) for function, arguments in calls]
    results = Parallel(n_jobs=workers, return_as="generator_unordered")(tasks)
    try:
        yield lambda: deque(results, maxlen=0).clear()
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib remarks that they were not waited for
            results.close()


def get_ready(turn: Path) -> None:
    """Import what a fit and a figure need: seconds, in a process that has just begun.

    One process after the other, by a lock on ``turn``: all at once would take processor time from
    the one that loads PyCaret, for which everything waits.
    """
    with file_lock(turn, _LONGEST_SECONDS), warnings.catch_warnings(), uncollected():
        warnings.simplefilter("ignore")
        for name in _NEEDED:
            import_module(name)


def draw(model_folder: Path, title: str) -> None:
    """The figures of a kept model, from its ``evaluation.json``, as HTML and as PNG."""
    from core import charts
    from core.evaluation.png import png_of
    from core.training.figures import figures_of

    folder = model_folder / "figures"
    for name, figure in figures_of(read_json(model_folder / "evaluation.json"), title).items():
        write_text(folder / f"{name}.html", charts.page(figure))
        write_bytes(folder / f"{name}.png", png_of(figure))
