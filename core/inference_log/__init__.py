"""The append-only record of every prediction that somebody asked for.

    inference_log.csv            the current segment, the truth: a person can open it
    inference_log.0001.csv ...   earlier segments, of models with other input columns
    inference_log.commit.json    how many bytes and rows count (rebuildable)
    inference_log.index.jsonl    where rows begin and when they were logged (rebuildable)
    inference_log.lock           held while appending
    inference_log.torn-*.csv     what a process that died while writing left behind

``logged_at`` is UTC in ISO 8601 with microseconds and ``+00:00``; rows end with a line feed.
"""

from core.inference_log.batch import Batch
from core.inference_log.download import neutralise_formulas
from core.inference_log.layout import Appended, Kind, Position, RowSpan
from core.inference_log.log import InferenceLog
from core.inference_log.rebuild import rebuild
from core.inference_log.survey import Survey, survey
from core.inference_log.verify import Findings, examine, verify

__all__ = [
    "Appended",
    "Batch",
    "Findings",
    "InferenceLog",
    "Kind",
    "Position",
    "RowSpan",
    "Survey",
    "examine",
    "neutralise_formulas",
    "rebuild",
    "survey",
    "verify",
]
