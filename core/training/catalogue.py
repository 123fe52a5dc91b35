"""Every classifier that PyCaret offers, known without importing PyCaret.

`tests/contracts/test_catalogue.py` holds this list to the installed PyCaret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

_BALANCED = (("class_weight", "balanced"),)


@dataclass(frozen=True)
class Algorithm:
    """One classifier.

    ``title`` is PyCaret's full name. ``package`` is the library it comes from where that is not
    scikit-learn. ``probabilistic``: it has ``predict_proba``; without it, its decision values
    are turned into probabilities by calibration. ``balanced``: the settings that weigh the
    classes alike, empty where it takes none. ``slow``: what a person should know before
    choosing it. ``settings``: given to it always. ``most_rows``: more than these cannot be
    fitted in a usual computer's memory.
    """

    id: str
    title: str
    package: str | None = None
    probabilistic: bool = True
    balanced: tuple[tuple[str, str], ...] = ()
    slow: str = ""
    settings: tuple[tuple[str, Any], ...] = ()
    most_rows: int | None = None

    @property
    def why_not(self) -> str | None:
        """Why it cannot be trained in this installation, or None if it can. Imports nothing."""
        if self.package is None or find_spec(self.package) is not None:
            return None
        return (
            f"{self.title} needs the package {self.package}, which is not installed here; "
            f"`pip install {self.package}` makes it available."
        )

    @property
    def takes_class_weights(self) -> bool:
        return bool(self.balanced)


_ALL = (
    Algorithm("lr", "Logistic Regression", balanced=_BALANCED),
    Algorithm("dt", "Decision Tree Classifier", balanced=_BALANCED),
    Algorithm("rf", "Random Forest Classifier", balanced=_BALANCED),
    Algorithm("et", "Extra Trees Classifier", balanced=_BALANCED),
    Algorithm(
        "lightgbm",
        "Light Gradient Boosting Machine",
        package="lightgbm",
        balanced=_BALANCED,
        # Else it fills the log with advice on its own speed.
        settings=(("verbosity", -1),),
    ),
    Algorithm("gbc", "Gradient Boosting Classifier", slow="Trees are grown one after another."),
    Algorithm("ada", "Ada Boost Classifier"),
    Algorithm("knn", "K Neighbors Classifier"),
    Algorithm("nb", "Naive Bayes"),
    Algorithm("lda", "Linear Discriminant Analysis"),
    Algorithm("qda", "Quadratic Discriminant Analysis"),
    Algorithm("ridge", "Ridge Classifier", probabilistic=False, balanced=_BALANCED),
    Algorithm("svm", "SVM - Linear Kernel", probabilistic=False, balanced=_BALANCED),
    Algorithm(
        "rbfsvm",
        "SVM - Radial Kernel",
        balanced=_BALANCED,
        slow="Its time grows with the square of the rows and more.",
        most_rows=50_000,
    ),
    Algorithm("mlp", "MLP Classifier", slow="A neural network of up to three layers."),
    Algorithm(
        "gpc",
        "Gaussian Process Classifier",
        slow="Its time grows with the cube of the rows, its memory with their square.",
        most_rows=5_000,
    ),
    Algorithm("xgboost", "Extreme Gradient Boosting", package="xgboost"),
    Algorithm(
        "catboost",
        "CatBoost Classifier",
        package="catboost",
        balanced=(("auto_class_weights", "Balanced"),),
        # Else it leaves a folder of logs in the current one.
        settings=(("allow_writing_files", False),),
    ),
)

CATALOGUE: Mapping[str, Algorithm] = MappingProxyType({one.id: one for one in _ALL})
"""Every algorithm by PyCaret's id, the usual ones first."""


def title_of(algorithm: str) -> str:
    """The full name behind an id; the id itself where it is unknown, as in an old record."""
    return CATALOGUE[algorithm].title if algorithm in CATALOGUE else algorithm
