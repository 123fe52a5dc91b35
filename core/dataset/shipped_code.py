"""Access to the feature code that travels inside the models.

The files under ``shipped/`` are stored with every model and imported there by their plain names.
Here they are loaded under those same names, so that a model trained in Courtside loads anywhere
else, and the other way round.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent / "shipped"
NAMES = ("courtside_columns", "courtside_expressions", "courtside_features")
FILES = tuple(FOLDER / f"{name}.py" for name in NAMES)

_lock = threading.RLock()

# What skops must be told is ours when it loads a model file.
TRUSTED_TYPES = ("courtside_features.RawFeatures", "courtside_features.encoded_name")


def load(name: str) -> ModuleType:
    """The shipped module ``name``, loaded once per process; raises ImportError if it is absent."""
    with _lock:  # two pages may open at once; neither may see a half-loaded module
        return sys.modules[name] if name in sys.modules else _fresh(name)


def load_all() -> list[ModuleType]:
    """All shipped modules, in the order in which they need one another.

    Called before a model is read: a model's own, older copy must not be the one that stays.
    """
    return [load(name) for name in NAMES]


def _fresh(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{FOLDER / name}.py is missing from this installation of Courtside")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
