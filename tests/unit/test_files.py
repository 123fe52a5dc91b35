"""Files are whole or absent, and one process at a time holds a lock."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from core import files
from core.errors import CourtsideError


def test_writes_make_folders_and_leave_no_traces(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "c.txt"
    files.write_text(target, "ä\r\n")
    assert target.read_bytes() == "ä\r\n".encode()
    files.write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    assert [path.name for path in target.parent.iterdir()] == ["c.txt"]
    assert target.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failed_write_changes_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "a.txt"
    files.write_text(target, "old")

    def fail() -> None:
        with files.atomic_path(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_temporary_file_lies_beside_and_keeps_the_suffix(tmp_path: Path) -> None:
    with files.atomic_path(tmp_path / "t.parquet") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".parquet"


def test_json_round_trip(tmp_path: Path) -> None:
    value = {"ä": [1, 2.5, None, True], "b": {"c": "x"}}
    files.write_json(tmp_path / "v.json", value)
    assert files.read_json(tmp_path / "v.json") == value


def test_json_has_no_word_for_nan(tmp_path: Path) -> None:
    files.write_json(tmp_path / "v.json", 1)
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(tmp_path / "v.json", {"a": float("nan")})
    assert files.read_json(tmp_path / "v.json") == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"nope"])
def test_what_is_not_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.json"
    path.write_bytes(content)
    with pytest.raises(CourtsideError, match="not valid JSON"):
        files.read_json(path)
    with pytest.raises(FileNotFoundError):
        files.read_json(tmp_path / "absent.json")


def test_sha256_of_a_file_longer_than_a_piece(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5_000
    files.write_bytes(tmp_path / "a", content)
    assert files.sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_a_held_lock_refuses_others_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "made" / "a.lock"
    with (
        files.file_lock(path),
        pytest.raises(CourtsideError, match=r"a\.lock has been locked"),
        files.file_lock(path, timeout_seconds=0.05),
    ):
        pass
    with files.file_lock(path, timeout_seconds=0.05):
        assert path.exists()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    script = (
        "import os, sys; from pathlib import Path; from core.files import file_lock\n"
        "held = file_lock(Path(sys.argv[1])); held.__enter__(); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == 9
    with files.file_lock(path, timeout_seconds=5):
        assert path.exists()
