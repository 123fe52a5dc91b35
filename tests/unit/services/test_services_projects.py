"""Making and filling projects: checked first, written then, and never outside the project."""

from __future__ import annotations

import io as streams
from pathlib import Path

import pandas as pd
import pytest

from core.dataset import io
from core.errors import BadInput, DataFileError, NotReady, SchemaError, SpecError
from core.services import projects
from core.settings import Settings

SPEC = """
target: {column: y, positive: 1}
columns: {a: numeric, b: numeric}
files: {dev: shop_dev.parquet, prod: shop_prod.csv}
"""
GOOD = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4], "y": [0, 1], "extra": ["x", "y"]})


@pytest.fixture
def shop(bare_workspace: Settings) -> Settings:
    projects.create(bare_workspace, "shop", SPEC.encode())
    return bare_workspace


def written(settings: Settings) -> dict[str, bytes]:
    """Every file of the home, by its path, with its bytes."""
    found = [path for path in settings.home.rglob("*") if path.is_file()]
    return {str(path.relative_to(settings.home)): path.read_bytes() for path in found}


def as_bytes(frame: pd.DataFrame, suffix: str) -> bytes:
    if suffix == ".csv":
        return frame.to_csv(index=False).encode()
    buffer = streams.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def test_the_sample_project_is_made_and_kept(bare_workspace: Settings) -> None:
    made = projects.init_sample(bare_workspace)
    assert made.project == "sample"
    assert made.dev_rows > 5_000
    assert made.prod_rows > 1_000
    before = made.dev.stat().st_mtime_ns
    assert projects.init_sample(bare_workspace, if_missing=True) == made
    assert made.dev.stat().st_mtime_ns == before


def test_known_projects_are_those_made_and_those_that_ship(shop: Settings) -> None:
    assert projects.known_projects(shop) == ["kobe", "sample", "shop"]


def test_files_of_ones_own(bare_workspace: Settings, tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_bytes(as_bytes(GOOD, ".csv"))
    (tmp_path / "later.csv").write_bytes(as_bytes(GOOD.drop(columns="y"), ".csv"))
    (tmp_path / "spec.yaml").write_text(SPEC)
    made = projects.init_files(
        bare_workspace, "shop", tmp_path / "my.csv", tmp_path / "later.csv", tmp_path / "spec.yaml"
    )
    assert (made.dev_rows, made.prod_rows) == (2, 2)
    assert made.dev.name == "shop_dev.parquet"
    pd.testing.assert_frame_equal(io.read_table(made.dev), GOOD)
    again = projects.init_files(bare_workspace, "shop", made.dev)
    assert again == made


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("shop", SPEC.encode(), "There is a project 'shop' already"),
        ("kobe", SPEC.encode(), "There is a project 'kobe' already"),
        ("new", b"\xff\xfe", "text in UTF-8"),
        ("new", b"target: 3", "target must be a mapping"),
        ("new", b"a: !!python/object/apply:os.getcwd []", "not valid YAML"),
    ],
)
def test_projects_that_cannot_be_made(shop: Settings, name: str, content: bytes, said: str) -> None:
    before = written(shop)
    with pytest.raises(BadInput, match=said):
        projects.create(shop, name, content)
    assert written(shop) == before


def test_a_new_project_needs_a_specification(bare_workspace: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="give its specification with --spec"):
        projects.init_files(bare_workspace, "shop", tmp_path / "a.csv")
    assert written(bare_workspace) == {}


@pytest.mark.parametrize(
    ("spec", "error"), [("target: 3", SpecError), (b"\xff\xfe", BadInput), (None, BadInput)]
)
def test_a_specification_that_cannot_be_used(
    shop: Settings, tmp_path: Path, spec: str | bytes | None, error: type[BadInput]
) -> None:
    path = tmp_path / "new.yaml"
    if spec is not None:
        path.write_bytes(spec if isinstance(spec, bytes) else spec.encode())
    (tmp_path / "a.parquet").write_bytes(as_bytes(GOOD, ".parquet"))
    before = written(shop)
    with pytest.raises(error, match=r"new\.yaml"):
        projects.init_files(shop, "shop", tmp_path / "a.parquet", spec_file=path)
    assert written(shop) == before


BAD_FILES = [
    ("not.parquet", b"just text", DataFileError, "something else"),
    ("cut.parquet", as_bytes(GOOD, ".parquet")[:300], DataFileError, "truncated"),
    ("none.parquet", b"", DataFileError, "0 bytes"),
    ("none.csv", b"", DataFileError, "0 bytes"),
    ("rows.parquet", as_bytes(GOOD[:0], ".parquet"), DataFileError, "columns but no rows"),
    ("rows.csv", b"a,b,y\n", DataFileError, "columns but no rows"),
    ("names.csv", b"A,b,y\n1,2,0\n", SchemaError, "a \\(is it 'A'\\?\\)"),
    ("target.csv", b"a,b\n1,2\n", SchemaError, "lacks 1 needed column\\(s\\): y"),
    ("twice.csv", b"a,a,b,y\n1,1,2,0\n", DataFileError, "more than once"),
    ("ragged.csv", b"a,b,y\n1,2,0\n1,2,0,9\n", DataFileError, "saw 4"),
    ("latin.csv", "a,b,y,ü\n1,2,0,3\n".encode("latin-1"), DataFileError, "UTF-8"),
]


@pytest.mark.parametrize(
    ("name", "content", "error", "said"), BAD_FILES, ids=[row[0] for row in BAD_FILES]
)
def test_bad_files_change_nothing(
    shop: Settings,
    tmp_path: Path,
    name: str,
    content: bytes,
    error: type[BadInput],
    said: str,
) -> None:
    projects.add_upload(
        shop, "shop", "dev", "x.parquet", streams.BytesIO(as_bytes(GOOD, ".parquet"))
    )
    before = written(shop)
    with pytest.raises(error, match=said) as caught:
        projects.add_upload(shop, "shop", "dev", name, streams.BytesIO(content))
    assert name in str(caught.value)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=said):
        projects.init_files(shop, "shop", tmp_path / name)
    assert written(shop) == before


@pytest.mark.parametrize("role", projects.ROLES)
@pytest.mark.parametrize("name", ["a.parquet", "B c.CSV"])
def test_uploads_take_the_projects_own_name_and_kind(shop: Settings, role: str, name: str) -> None:
    content = as_bytes(GOOD, ".csv" if name.endswith("CSV") else ".parquet")
    files = projects.add_upload(shop, "shop", role, name, streams.BytesIO(content))
    stored = files.dev if role == "dev" else files.prod
    assert stored.parent == shop.layer("shop", "01_raw")
    assert stored.name == ("shop_dev.parquet" if role == "dev" else "shop_prod.csv")
    pd.testing.assert_frame_equal(io.read_table(stored), GOOD)
    assert [path.name for path in stored.parent.iterdir()] == [stored.name]


@pytest.mark.parametrize(
    "name", ["../../x.csv", "/etc/passwd.csv", "a\x00.csv", "..\\x.csv", ".x.csv", "x.exe", ""]
)
def test_uploads_with_hostile_names(shop: Settings, name: str) -> None:
    before = written(shop)
    with pytest.raises(DataFileError):
        projects.add_upload(shop, "shop", "dev", name, streams.BytesIO(as_bytes(GOOD, ".csv")))
    assert written(shop) == before
    assert {path.name for path in shop.home.parent.iterdir()} == {"home"}


def test_a_file_is_for_one_of_two_roles(shop: Settings) -> None:
    with pytest.raises(BadInput, match="one of dev, prod"):
        projects.add_upload(shop, "shop", "../x", "a.csv", streams.BytesIO(b"a\n1\n"))


@pytest.mark.parametrize("project", ["../x", "..", "/etc", "a/b", "A", "", "a\x00"])
def test_hostile_project_names(bare_workspace: Settings, tmp_path: Path, project: str) -> None:
    content = streams.BytesIO(as_bytes(GOOD, ".csv"))
    (tmp_path / "a.csv").write_bytes(content.getvalue())
    (tmp_path / "spec.yaml").write_text(SPEC)
    attempts = [
        lambda: projects.load_spec(bare_workspace, project),
        lambda: projects.create(bare_workspace, project, SPEC.encode()),
        lambda: projects.add_upload(bare_workspace, project, "dev", "a.csv", content),
        lambda: projects.download(bare_workspace, project, "dev"),
        lambda: projects.init_files(
            bare_workspace, project, tmp_path / "a.csv", None, tmp_path / "spec.yaml"
        ),
    ]
    for attempt in attempts:
        with pytest.raises(BadInput, match="A project's name is"):
            attempt()
    assert written(bare_workspace) == {}


def test_an_unknown_project_is_not_ready(bare_workspace: Settings) -> None:
    with pytest.raises(NotReady, match="no project 'nowhere'"):
        projects.load_spec(bare_workspace, "nowhere")
    assert written(bare_workspace) == {}
