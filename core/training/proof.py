"""Nothing is registered that was not loaded back and measured again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.dataset.spec import ProjectSpec
from core.errors import IntegrityError
from core.settings import Settings
from core.tracking import models
from core.training.pipeline import probability_of

if TYPE_CHECKING:
    import pandas as pd

    from core.training.evaluation import Holdout

LOAD_BACK_TOLERANCE = 1e-9


def prove(
    settings: Settings, uri: str, test: pd.DataFrame, spec: ProjectSpec, holdout: Holdout
) -> None:
    """Load the stored model back and score the raw holdout; IntegrityError if it is another.

    This catches rows paired with other rows' labels, features derived differently, and files
    that do not hold what was measured.
    """
    from core.evaluation.metrics import binary_metrics

    again = probability_of(models.load_uri(settings, uri), test[list(spec.raw_columns)])
    threshold = holdout.metrics.threshold
    found = binary_metrics(test[spec.target.column].to_numpy(), again, threshold)
    for name, expected in holdout.metrics.as_dict().items():
        value = found.as_dict()[name]
        if (value is None) != (expected is None) or (
            value is not None
            and expected is not None
            and abs(value - expected) > LOAD_BACK_TOLERANCE
        ):
            raise IntegrityError(
                f"The stored model is not the one that was measured: {name} is {value!r} after "
                f"loading it back, {expected!r} before. Nothing was registered."
            )
