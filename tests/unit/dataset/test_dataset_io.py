"""Tables in and out of files: what is read as it stands, and what is refused in a sentence."""

from __future__ import annotations

import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.dataset import io
from core.errors import DataFileError


def csv_file(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


def parquet_file(folder: Path, table: pa.Table) -> Path:
    path = folder / "table.parquet"
    pq.write_table(table, path)
    return path


def refusal(path: Path) -> str:
    messages = []
    for read in (io.read_table, io.row_count):
        with pytest.raises(DataFileError) as caught:
            read(path)
        messages.append(str(caught.value))
    assert path.name in messages[0]
    return messages[0]


@pytest.mark.parametrize("suffix", io.SUFFIXES)
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [0.1 + 0.2, np.nan], "c": ["ä,\"'", "x\ny"]})
    path = tmp_path / f"t{suffix}"
    io.write_table(frame, path)
    pd.testing.assert_frame_equal(io.read_table(path), frame)
    assert io.column_names(path) == ["a", "b", "c"]
    assert io.row_count(path) == 2
    pd.testing.assert_frame_equal(io.read_table(path, ["c", "a", "zz"]), frame[["a", "c"]])


@pytest.mark.parametrize("suffix", io.SUFFIXES)
def test_pieces_are_the_whole_in_order(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"a": np.arange(25)})
    path = tmp_path / f"t{suffix}"
    io.write_table(frame, path)
    pieces = list(io.iter_table(path, rows=10))
    assert [len(piece) for piece in pieces] == [10, 10, 5]
    assert all(piece.index[0] == 0 for piece in pieces)
    np.testing.assert_array_equal(pd.concat(pieces)["a"], frame["a"])


def test_a_csv_column_has_one_type_however_long(tmp_path: Path) -> None:
    values = ["1"] * io.CHUNK_ROWS + ["x"]
    path = csv_file(tmp_path, "\n".join(["a", *values, ""]).encode())
    assert set(map(type, io.read_table(path)["a"])) == {str}


@pytest.mark.parametrize("suffix", io.SUFFIXES)
def test_no_rows(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    io.write_table(pd.DataFrame({"a": [1], "b": [2]})[:0], path)
    assert io.row_count(path) == 0
    assert [list(piece.columns) for piece in io.iter_table(path)] == [["a", "b"]]
    with pytest.raises(DataFileError, match="2 columns but no rows"):
        io.read_table(path)


@pytest.mark.parametrize("suffix", io.SUFFIXES)
def test_none_of_the_wanted_columns(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    io.write_table(pd.DataFrame({"a": [1]}), path)
    with pytest.raises(DataFileError, match="none of the columns b, c"):
        io.read_table(path, ["b", "c"])


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_zero_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert "empty (0 bytes)" in refusal(tmp_path / name)


def test_absent_folder_or_foreign(tmp_path: Path) -> None:
    assert "no file x.csv" in refusal(tmp_path / "x.csv")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    assert "no file folder.csv" in refusal(folder)
    other = tmp_path / "t.xlsx"
    other.write_bytes(b"PK")
    assert "Expected a .parquet or .csv file" in refusal(other)


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"x", b"\x00" * 500, b"PK\x03\x04" * 50])
def test_not_a_parquet_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    assert "should be a parquet file but is something else" in refusal(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_truncated_parquet(tmp_path: Path, share: float) -> None:
    whole = parquet_file(tmp_path, pa.table({"a": range(5_000)}))
    content = whole.read_bytes()
    whole.write_bytes(content[: int(len(content) * share)])
    assert "a truncated or damaged one" in refusal(whole)


def test_damaged_inside(tmp_path: Path) -> None:
    path = parquet_file(tmp_path, pa.table({"a": [f"text {i}" for i in range(5_000)]}))
    content = bytearray(path.read_bytes())
    content[4:400] = b"\xff" * 396
    path.write_bytes(content)
    with pytest.raises(DataFileError, match="damaged"):
        io.read_table(path)


def test_text_that_is_not_utf8_in_parquet(tmp_path: Path) -> None:
    broken = pa.array([b"\xff"], pa.binary()).view(pa.string())
    with pytest.raises(DataFileError, match="damaged"):
        io.read_table(parquet_file(tmp_path, pa.table({"a": broken})))


def test_doubled_names(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    assert "'a' more than once" in refusal(parquet_file(tmp_path, table))
    assert "'a' more than once" in refusal(csv_file(tmp_path, b"a,b,a\n1,2,3\n"))


def test_odd_parquet_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "dictionary": pa.array(["x", "y", None]).dictionary_encode(),
            "decimal": pa.array([Decimal("1.50"), None, Decimal("-2.25")]),
            "boolean": pa.array([True, None, False]),
            "whole": pa.array([1, None, 3]),
            "text": pa.array(["a", None, "c"], pa.large_string()),
            "time": pa.array([dt.datetime(9999, 12, 31), None, dt.datetime(1, 1, 1)]),
            "nested": [{"x": 1}, None, {"x": 2}],
            "list": [[1], [], None],
            "none": pa.nulls(3),
            "a.b": [1, 2, 3],
        }
    )
    frame = io.read_table(parquet_file(tmp_path, table))
    assert list(frame.columns) == table.column_names
    assert frame["dictionary"].tolist()[:2] == ["x", "y"]
    assert frame["decimal"].dtype == np.float64
    assert frame["decimal"].tolist()[::2] == [1.5, -2.25]
    assert frame["boolean"].tolist() == [True, None, False]
    assert frame["whole"].tolist()[::2] == [1.0, 3.0]
    assert frame["nested"][0] == {"x": 1}
    assert frame["none"].isna().all()
    assert io.read_table(tmp_path / "table.parquet", ["a.b"]).columns.tolist() == ["a.b"]


def test_dictionary_of_decimals(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array([Decimal("1.5"), None]).dictionary_encode()})
    assert io.read_table(parquet_file(tmp_path, table))["a"].dtype == np.float64


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a,b\r\n1,2\r\n",
        b'"a","b"\n"1","2"\n',
        b"a,b\n1,2",
        b"a,b\n1,2\n\n",
    ],
    ids=["BOM", "CRLF", "quoted", "no last newline", "blank line"],
)
def test_csv_dialects(tmp_path: Path, content: bytes) -> None:
    path = csv_file(tmp_path, content)
    assert io.column_names(path) == ["a", "b"]
    assert io.read_table(path).to_dict("list") == {"a": [1], "b": [2]}


@pytest.mark.parametrize(
    "content",
    [
        b"a;b\n1;2,5\n3;-4,25\n",
        b"a\tb\n1\t2.5\n3\t-4.25\n",
        b"a|b\n1|2.5\n3|-4.25\n",
        b"a;b\n1;2.5\n3;-4.25\n",
        b'a,b\n1,"2.5"\n3,-4.25\n',
    ],
)
def test_separators_and_decimal_commas_are_found(tmp_path: Path, content: bytes) -> None:
    frame = io.read_table(csv_file(tmp_path, content))
    assert frame.to_dict("list") == {"a": [1, 3], "b": [2.5, -4.25]}


def test_codes_and_numbers_in_csv(tmp_path: Path) -> None:
    frame = io.read_table(csv_file(tmp_path, b"a,b,c,d\n007,1,true,NA\n12, 2.5,False,x\n"))
    assert frame["a"].tolist() == ["007", "12"]
    assert frame["b"].tolist() == [1, 2.5]
    assert frame["c"].tolist() == [True, False]
    assert frame["d"].tolist() == [None, "x"]


PACKERS = {".gz": gzip.compress, ".zst": lambda data: pa.compress(data, "zstd", asbytes=True)}


@pytest.mark.parametrize("packed", PACKERS)
@pytest.mark.parametrize("suffix", io.SUFFIXES)
def test_packed_files(tmp_path: Path, suffix: str, packed: str) -> None:
    frame = pd.DataFrame({"a": np.arange(1000), "b": [f"ä{i}" for i in range(1000)]})
    plain = tmp_path / f"t{suffix}"
    io.write_table(frame, plain)
    path = tmp_path / f"t{suffix}{packed}"
    path.write_bytes(PACKERS[packed](plain.read_bytes()))
    pd.testing.assert_frame_equal(io.read_table(path), frame)
    assert io.row_count(path) == 1000
    path.write_bytes(path.read_bytes()[:-9])
    assert "truncated or damaged" in refusal(path)


def test_a_file_is_what_it_holds_whatever_its_name(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    path = tmp_path / "t.csv"
    frame.to_parquet(path)
    pd.testing.assert_frame_equal(io.read_table(path), frame)
    path.write_bytes(gzip.compress(b"a\n1\n2\n"))
    pd.testing.assert_frame_equal(io.read_table(path), frame)


@pytest.mark.parametrize("suffix", [".csv.gz", ".parquet.zst"])
def test_a_file_that_unpacks_to_too_much(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"bomb{suffix}"
    content = b"a,b\n" + b"1,2\n" * 3_000_000
    path.write_bytes(PACKERS[path.suffix](content))
    assert path.stat().st_size < 100_000
    with pytest.raises(DataFileError, match=r"unpacks to more than 5 MB.*COURTSIDE_MAX_UNPACKED"):
        _ = io.TableFile(path, unpacked_limit_bytes=5_000_000, scratch=tmp_path).rows
    assert list(tmp_path.iterdir()) == [path]


def test_one_endless_row(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"0" * 40_000_000))
    assert "a row of more than 8 MB" in refusal(path)


def test_an_encrypted_parquet(tmp_path: Path) -> None:
    path = parquet_file(tmp_path, pa.table({"a": range(50)}))
    # The magic of a file with an encrypted footer; Arrow's wheels for every platform can read it.
    path.write_bytes(b"PARE" + path.read_bytes()[4:-4] + b"PARE")
    assert "encrypted parquet file" in refusal(path)


def test_wide_files_come_in_fewer_rows(tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    pq.write_table(pa.table({f"c{i}": np.zeros(9000) for i in range(3000)}), path)
    pieces = list(io.TableFile(path).pieces())
    assert sum(piece.num_rows for piece in pieces) == 9000
    assert max(piece.nbytes for piece in pieces) < 80e6
    assert io.TableFile(path).head(5).shape == (5, 3000)


def test_repeated_text_may_stay_as_places(tmp_path: Path) -> None:
    table = pa.table({"a": ["x", "y", None] * 1000, "b": [f"row {i}" for i in range(3000)]})
    file = io.TableFile(parquet_file(tmp_path, table))
    piece = next(file.pieces(as_places=True))
    assert [pa.types.is_dictionary(t) for t in piece.schema.types] == [True, False]
    assert piece["a"].to_pylist() == table["a"].to_pylist()
    assert file.plain_schema


def test_csv_with_row_numbers(tmp_path: Path) -> None:
    frame = io.read_table(csv_file(tmp_path, b",a\n0,7\n1,8\n"))
    assert frame.to_dict("list") == {"Unnamed: 0": [0, 1], "a": [7, 8]}


def test_short_rows_have_missing_values(tmp_path: Path) -> None:
    frame = io.read_table(csv_file(tmp_path, b"a,b\n1\n1,2\n"))
    assert frame["b"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2,3\n4,5,6\n", "more fields than its header"),
        (b"a,b\n1,2,3\n4,5\n", "more fields than its header"),
        (b"a,b\n1,2\n4,5,6\n", "Expected 2 fields in line 3, saw 3"),
        ("ä,b\n1,2\n".encode("latin-1"), "in UTF-8"),
        ("a,b\nÄrger,2\n".encode("latin-1"), "in UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "in UTF-8"),
        (b'a,b\n"1,2\n3,4\n', "cannot be read as CSV"),
        (b"\n\n", "no header row"),
        (b",,\n1,2,3\n", "no header row"),
    ],
)
def test_csv_that_is_none(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(csv_file(tmp_path, content))


def test_a_failed_write_leaves_the_old_table(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    io.write_table(pd.DataFrame({"a": [1]}), path)
    before = path.read_bytes()
    with pytest.raises(pa.ArrowException):
        io.write_table(pd.DataFrame({"a": [1, "x"]}), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name",
    ["../a.csv", "/etc/a.csv", "a/b.csv", "..\\a.csv", "C:\\a.csv", "a\x00.csv", ".a.csv", "..csv"],
)
def test_file_names_with_folders(name: str) -> None:
    with pytest.raises(DataFileError, match="must not contain folders"):
        io.check_file_name(name)


@pytest.mark.parametrize("name", ["", "a", "a.xlsx", "a.csv.exe", "csv", "a.csv "])
def test_file_names_of_another_kind(name: str) -> None:
    with pytest.raises(DataFileError, match=r"Expected a \.parquet or \.csv"):
        io.check_file_name(name)


def test_file_names_become_plain() -> None:
    assert io.check_file_name("my día (1).CSV") == "my_d_a__1_.CSV"


def test_categories_of_a_csv_are_read_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("code,region,n\n007,NA,1\n,None,2\n12,x,3\n")
    frame = io.read_table(path, text=["code", "region", "absent"])
    assert frame["code"].tolist() == ["007", None, "12"]
    assert frame["region"].tolist() == ["NA", "None", "x"]
    assert frame["n"].tolist() == [1, 2, 3]
