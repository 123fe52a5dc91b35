"""Row ids beside prediction ids: which files count, and what is found in them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.dataset import io
from core.scoring import row_ids


def kept(folder: Path, request: str, ids: list[int], first: int) -> None:
    """One scored file's ids, with predictions p1, p2, ... from ``first`` on."""
    predictions = pa.array([f"p{first + place}" for place in range(len(ids))])
    path = row_ids.file_of(folder, request)
    path.parent.mkdir(exist_ok=True)
    pq.write_table(row_ids.pairs(pa.chunked_array([pa.array(ids)]), predictions), path)


def test_every_prediction_of_the_rows_is_found(tmp_path: Path) -> None:
    kept(tmp_path, "a", [*range(io.CHUNK_ROWS), 7], 0)
    kept(tmp_path, "b", [7, 8], 900_000)
    found = row_ids.predictions_of(tmp_path, ["7", "absent"])
    assert found["prediction_id"].tolist() == ["p7", f"p{io.CHUNK_ROWS}", "p900000"]
    assert set(found["row_id"]) == {"7"}
    assert row_ids.predictions_of(tmp_path / "nowhere", ["7"]).empty


def test_a_file_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    kept(tmp_path, "a", [7], 0)
    (tmp_path / row_ids.FOLDER / ".b-x1y2z3.parquet").write_bytes(b"PAR1 half of it")
    assert row_ids.predictions_of(tmp_path, ["7"])["prediction_id"].tolist() == ["p0"]
