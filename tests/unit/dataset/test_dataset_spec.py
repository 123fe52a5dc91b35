"""A specification: what it may say, and one message for all that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.errors import NotReady, SpecError

SMALL = "target: {column: y, positive: 1}\ncolumns: {a: numeric, b: numeric}\n"


def refusal(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        specs.from_text(text, "p", "project.yaml")
    message = str(caught.value)
    assert message.startswith("project.yaml")
    return message


def test_reads_everything_it_says(spec: ProjectSpec) -> None:
    assert spec.name == "gym"
    assert spec.title == "Gym members"
    assert spec.raw_columns == ("age", "insured", "city")
    assert spec.kinds == {"age": "numeric", "insured": "boolean", "city": "categorical"}
    assert spec.units == {"age": "years"}
    assert spec.derived == (("decades", "age / 10"),)
    assert spec.features == ("age", "insured", "city", "decades")
    assert (spec.test_size, spec.split_seed, spec.stratify) == (0.25, 7, True)
    assert spec.column("age").title == "age"
    assert spec.required_columns == spec.raw_columns


def test_defaults_of_a_small_one() -> None:
    spec = specs.from_text(SMALL, "p")
    assert spec.title == "p"
    assert spec.features == ("a", "b")
    assert (spec.dev_file, spec.prod_file) == ("dev.parquet", "prod.parquet")
    assert spec.target.negative_words == "not 1"
    assert spec.drop_missing == ("a", "b", "y")
    assert (spec.court, spec.downloads, spec.identify, spec.date) == (None, (), None, None)
    assert [model.algorithm for model in spec.training.models] == ["lr", "dt"]


def test_digest_follows_the_text_and_not_the_comparison() -> None:
    one, other = specs.from_text(SMALL, "p"), specs.from_text(SMALL + "# said twice\n", "p")
    assert one == other
    assert one.digest != other.digest
    assert one.data_digest == other.data_digest


@pytest.mark.parametrize(
    ("added", "stays"),
    [
        ("title: Another\n", True),
        ("training: {folds: 3}\n", True),
        ("promotion: {enforce: true}\n", True),
        ("monitoring: {quiet_hours: 1}\n", True),
        ("split: {seed: 9}\n", False),
        ("rows: {drop_duplicates: false}\n", False),
        ("derived: {c: a * 2}\n", False),
    ],
)
def test_what_says_nothing_of_the_data_does_not_ask_for_another_preparation(
    added: str, stays: bool
) -> None:
    one, other = specs.from_text(SMALL, "p"), specs.from_text(SMALL + added, "p")
    assert other.prepares(one.data_digest) is stays
    assert one.prepares(one.digest), "as it was recorded before there were two"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("all", ("a", "b", "y")),
        ("target", ("y",)),
        ("null", ("y",)),
        ("[b]", ("b", "y")),
        ("[y, b, b]", ("y", "b")),
    ],
)
def test_rows_that_must_be_whole(rows: str, expected: tuple[str, ...]) -> None:
    assert specs.from_text(SMALL + f"rows: {{drop_missing: {rows}}}", "p").drop_missing == expected


def test_absent_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"no project 'shop'.*init --project shop"):
        specs.load(tmp_path / "shop" / "project.yaml")


def test_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "project.yaml"
    path.write_bytes(b"title: \xff\xfe")
    with pytest.raises(SpecError, match="UTF-8"):
        specs.load(path)


def test_all_faults_are_told_at_once() -> None:
    message = refusal(
        "taget: {column: y}\ncolumns: {a: numerc, prediction: numeric}\nfeatures: [a, c]\n"
        "split: {test_size: 2, seed: -1, stratify: maybe}\ntraining: {folds: 1, metric: F2}\n"
    )
    for part in (
        "taget is not a known key (did you mean 'target'?)",
        "target is missing",
        "found 'numerc' (did you mean 'numeric'?)",
        "columns.prediction: that name is taken by the inference log",
        "'c' is neither a column nor derived",
        "split.test_size must lie between 0.01 and 0.9",
        "split.seed must be a whole number",
        "split.stratify must be true or false",
        "training.folds must be a whole number from 2 to 50",
        "training.metric",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("derived: {y: a + b}", "derived.y: that name is taken"),
        ("derived: {a: b + 1}", "derived.a: that name is taken"),
        ("derived: {'': b + 1}", "that name is taken"),
        ("derived: {c: a + d}", "uses 'd', which is not a numeric or boolean column"),
        ("derived: {c: a + e, e: b}", "uses 'e'"),
        ("derived: {c: [1]}", "derived.c"),
        ("derived: [c]", "derived must map"),
        ("features: [a]", "columns b are used by no feature"),
        ("features: [a, a, b]", "features lists a name twice"),
        ("features: a", "features must list"),
        ("files: {dev: x.csv, prod: x.csv}", "are both 'x.csv'"),
        ("files: {dev: ../x.csv}", "plain file name"),
        ("files: {dev: /etc/x.csv}", "plain file name"),
        ("files: {dev: x.exe}", "plain file name"),
        ("files: {dev: .hidden.csv}", "plain file name"),
        ('files: {dev: "a\\0.csv"}', "plain file name"),
        ("rows: {drop_missing: [aa]}", "'aa' is not a column"),
        ("rows: {drop_missing: 3}", "rows.drop_missing is"),
        ("rows: [1]", "rows must be a mapping"),
        ("title: [1]", "title must be text"),
        ("split: {test_size: .nan}", "split.test_size must lie"),
        ("split: {test_size: .inf}", "split.test_size must lie"),
        ("split: {test_size: big}", "split.test_size must be a number"),
        ("split: {seed: true}", "split.seed must be a whole number"),
        ("training: {models: [lr]}", "training.models must map"),
        ("training: {models: {lr: 3}}", "training.models.lr must be a mapping"),
        ("training: {models: {lr: {candidates: 0}}}", "candidates must be a whole number"),
        ("training: {models: {lr: {settings: {C: 2020-01-01}}}}", "settings.C must be a number"),
        ("training: {models: {lr: {settings: {C: .nan}}}}", "settings.C must be a number"),
        ("court: {x: a}", "court.y"),
        ("court: {x: a, y: z}", "court.y uses 'z'"),
        ("download: {dev: {url: 'https://x/y'}}", "download.dev.sha256 is missing"),
        ("download: {dev: {url: 'file:///etc/passwd', sha256: zz}}", "must begin with https://"),
        ("download: {dev: {url: 'http://127.0.0.1.evil.org/x', sha256: zz}}", "begin with https"),
        ("download: {test: {url: 'https://x', sha256: zz}}", "download.test is not a known key"),
    ],
)
def test_each_fault_names_its_place(addition: str, said: str) -> None:
    assert said in refusal(SMALL + addition)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found NoneType"),
        ("[1, 2]", "found list"),
        ("just text", "found str"),
        ("a: [", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("target: {column: y, positive: 1}\ncolumns: {y: numeric}", "is the target"),
        ("target: {column: y, positive: 1}\ncolumns: {}", "columns must map"),
        ("target: {column: y, positive: 1}\ncolumns: [a]", "columns must map"),
        ("target: {column: y}\ncolumns: {a: numeric}", "target.positive"),
        ("target: y\ncolumns: {a: numeric}", "target must be a mapping"),
        ('target: {column: y, positive: 1}\ncolumns: {"a,b": numeric}', "holds a character"),
        ('target: {column: y, positive: 1}\ncolumns: {"a\\nb": numeric}', "holds a character"),
    ],
)
def test_what_is_no_specification(text: str, said: str) -> None:
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: !!python/object/apply:os.system ['touch /tmp/owned']", "not valid YAML"),
        ("a: !!python/name:os.system", "not valid YAML"),
        ("a: !!python/object:core.errors.SpecError {}", "not valid YAML"),
        ("a: !custom 1", "not valid YAML"),
        ("a: &x [1, 1]\nb: &y [*x, *x]\nc: [*y, *y]", "has an alias"),
        ("a: &x [*x]", "has an alias"),
        ("target: &t {column: y}\ncolumns: {<<: *t}", "has an alias"),
        ("target: {column: y, column: z}", "line 1 has the name 'column' a second time"),
        ("title: one\ntitle: two", "line 2 has the name 'title' a second time"),
        ("split: {seed: " + "9" * 5000 + "}", "a number of 5000 digits"),
        ("split: {seed: 0x" + "f" * 5000 + "}", "a number of 5002 digits"),
        ("date: 2024-13-45", "not valid YAML"),
        ("[" * 20_000, "nested too deeply"),
        ("? [a, b]\n: 1", "not valid YAML"),
        ("title: " + "x" * 200_001, "a specification is a short file"),
    ],
)
def test_hostile_yaml(text: str, said: str) -> None:
    assert said in refusal(text)


def test_booleans_and_numbers_as_labels_are_compared_as_text() -> None:
    yes = specs.from_text("target: {column: y, positive: true}\ncolumns: {a: numeric}", "p")
    word = specs.from_text("target: {column: y, positive: sold}\ncolumns: {a: numeric}", "p")
    assert (yes.target.positive, word.target.positive) == ("True", "sold")


def test_a_server_of_ones_own_may_serve_downloads() -> None:
    source = f"{{url: 'http://127.0.0.1:8000/x.csv', sha256: '{'0' * 64}'}}"
    spec = specs.from_text(SMALL + f"download: {{dev: {source}}}", "p")
    assert dict(spec.downloads)["dev"].url == "http://127.0.0.1:8000/x.csv"
