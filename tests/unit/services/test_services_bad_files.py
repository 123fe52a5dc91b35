"""Production files as they should not be: each is read rightly or refused in a sentence.

What is refused leaves no trace: no scored file, no row in the log.
"""

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import BadInput
from core.services import scoring

ROWS = 12


def table(hoops):
    return pa.Table.from_pandas(hoops.rows(ROWS), preserve_index=False)


def text(hoops, **options):
    return hoops.rows(ROWS).to_csv(index=False, **options)


def parquet(made):
    sink = pa.BufferOutputStream()
    pq.write_table(made, sink)
    return sink.getvalue().to_pybytes()


def doubled(hoops):
    made = table(hoops)
    return pa.Table.from_arrays([*made.columns, made["home"]], names=[*made.column_names, "home"])


def nested(hoops):
    return table(hoops).append_column("tags", pa.array([[{"a": i}] for i in range(ROWS)]))


def nested_distance(hoops):
    lists = pa.array([[float(i)] for i in range(ROWS)])
    return table(hoops).set_column(0, "distance", lists)


def wide(hoops):
    made = table(hoops)
    more = {f"c{i}": np.zeros(ROWS) for i in range(3000)}
    return pa.table({**{n: made[n] for n in made.column_names}, **more})


READ = {
    "nested column that the model does not need": ("f.parquet", lambda h: parquet(nested(h))),
    "3,000 columns": ("f.parquet", lambda h: parquet(wide(h))),
    "semicolons": ("f.csv", lambda h: text(h, sep=";").encode()),
    "semicolons and decimal commas": ("f.csv", lambda h: text(h, sep=";", decimal=",").encode()),
    "tabs": ("f.csv", lambda h: text(h, sep="\t").encode()),
    "byte order mark": ("f.csv", lambda h: text(h).encode("utf-8-sig")),
    "Windows line ends": ("f.csv", lambda h: text(h, lineterminator="\r\n").encode()),
    "quoted throughout": ("f.csv", lambda h: text(h, quoting=1).encode()),
    "packed, but not by its name": ("f.csv", lambda h: gzip.compress(text(h).encode())),
    "parquet named CSV": ("f.csv", lambda h: parquet(table(h))),
    "dictionary and decimal types": (
        "f.parquet",
        lambda h: parquet(
            table(h)
            .set_column(0, "distance", table(h)["distance"].cast(pa.decimal128(9, 1)))
            .set_column(2, "zone", table(h)["zone"].combine_chunks().dictionary_encode())
        ),
    ),
    "numbers as text": (
        "f.parquet",
        lambda h: parquet(
            table(h).set_column(0, "distance", table(h)["distance"].cast(pa.string()))
        ),
    ),
}

REFUSED = {
    "0 bytes": ("f.csv", lambda h: b"", "is empty"),
    "header alone": ("f.csv", lambda h: b"distance,home,zone\n", "no rows"),
    "no rows": ("f.parquet", lambda h: parquet(table(h)[:0]), "no rows"),
    "something else": ("f.parquet", lambda h: b"hello, world", "should be a parquet file"),
    "truncated": ("f.parquet", lambda h: parquet(table(h))[:-40], "truncated or damaged"),
    "truncated gzip": (
        "f.csv.gz",
        lambda h: gzip.compress(text(h).encode())[:-12],
        "truncated or damaged",
    ),
    "encrypted": (
        "f.parquet",
        lambda h: b"PARE" + parquet(table(h))[4:-4] + b"PARE",
        "encrypted parquet",
    ),
    "a name twice": ("f.parquet", lambda h: parquet(doubled(h)), "'home' more than once"),
    "a name twice in CSV": (
        "f.csv",
        lambda h: text(h).replace("zone", "home", 1).encode(),
        "'home' more than once",
    ),
    "nested column that the model needs": (
        "f.parquet",
        lambda h: parquet(nested_distance(h)),
        "'distance' where finite numbers belong",
    ),
    "Latin-1": (
        "f.csv",
        lambda h: text(h).replace("left", "lé").replace("right", "lé").encode("latin-1"),
        "UTF-8",
    ),
    "UTF-16": ("f.csv", lambda h: text(h).encode("utf-16"), "UTF-8"),
    "rows too long": (
        "f.csv",
        lambda h: text(h).encode() + b"1,true,left,surplus\n",
        "Expected 3 fields in line 14, saw 4",
    ),
    "a quotation mark never closed": (
        "f.csv",
        lambda h: b'distance,home,zone\n"1,true,left\n',
        "cannot be read as CSV",
    ),
    "decimal commas between commas": (
        "f.csv",
        lambda h: text(h).replace(".", ",").encode(),
        "more fields than its header",
    ),
    "quoted decimal commas between commas": (
        "f.csv",
        lambda h: b'distance,home,zone\n"1,5",true,left\n"2,5",true,left\n',
        "'distance' where finite numbers belong, but found object such as '1,5'",
    ),
    "a column missing": (
        "f.csv",
        lambda h: text(h).replace("distance", "Distance_", 1).encode(),
        "distance (is it 'Distance_'?)",
    ),
    "scored already": (
        "f.csv",
        lambda h: text(h).replace("zone", "zone,reason", 1).encode(),
        "already has the column(s) reason",
    ),
    "one endless row": (
        "f.csv.gz",
        lambda h: gzip.compress(b"distance,home,zone\n" + b"1" * 20_000_000),
        "a row of more than 8 MB",
    ),
    "another kind of file": ("f.xlsx", lambda h: b"PK\x03\x04", "Expected a .parquet or .csv"),
}


def scored(hoops, tmp_path, name, content):
    source = tmp_path / name
    source.write_bytes(content)
    out = tmp_path / "out" / "scored.parquet"
    return scoring.score_file(hoops.settings, "hoops", source, out), out


@pytest.mark.parametrize("case", READ)
def test_a_strange_file_is_read_rightly(hoops, tmp_path, case):
    name, make = READ[case]
    result, out = scored(hoops, tmp_path, name, make(hoops))
    assert result.summary["rows_scored"] == hoops.logged() == ROWS
    expected = hoops.pipeline.predict_proba(hoops.rows(ROWS))[:, 1]
    kept = pd.read_parquet(out, columns=["probability"])["probability"]
    np.testing.assert_array_equal(kept, expected)


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_is_refused_in_a_sentence_and_leaves_no_trace(hoops, tmp_path, case):
    name, make, words = REFUSED[case]
    with pytest.raises(BadInput) as caught:
        scored(hoops, tmp_path, name, make(hoops))
    said = str(caught.value)
    assert words in said
    assert "\n" not in said
    assert len(said) < 420
    assert hoops.logged() == 0
    assert not (tmp_path / "out" / "scored.parquet").exists()


def test_short_rows_lack_what_they_lack(hoops, tmp_path):
    content = text(hoops).encode() + b"1.5\n"
    result, _ = scored(hoops, tmp_path, "f.csv", content)
    assert result.summary["rows_scored"] == ROWS
    assert result.reasons == {"home: missing; zone: missing": 1}
