"""``python -m core log``: its answers and its exit codes."""

from __future__ import annotations

import json

import pytest

from core.cli.main import main


@pytest.fixture
def ask(hoops, capsys):
    """Run ``log`` with options; the exit code, the JSON (None if none came), standard error."""

    def run(*options):
        code = main(["log", "--project", "hoops", "--json", *options])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return run


def folder(hoops):
    return hoops.settings.inference_log("hoops").parent


def test_before_the_first_prediction(hoops, ask):
    code, said, _ = ask()
    assert (code, said["rows"], said["segments"]) == (0, 0, [])
    assert ask("--verify")[:2] == (0, {**ask("--verify")[1], "whole": True, "rows": 0})
    code, said, error = ask("--rebuild")
    assert (code, said) == (2, None) and "score something first" in error
    assert not folder(hoops).exists(), "looking made something"


def test_a_log_that_is_whole(hoops, ask):
    hoops.log(40)
    hoops.log(2)
    code, said, _ = ask()
    assert code == 0 and said["rows"] == 42 and said["torn"] == []
    [segment] = said["segments"]
    assert segment["file"] == "inference_log.csv"
    assert segment["columns"] == ["distance", "home", "zone"]
    code, said, error = ask("--verify")
    assert (code, said["whole"], said["rows"], said["problems"], said["notes"]) == (
        0, True, 42, [], [],
    )  # fmt: skip
    assert error == ""


def test_a_torn_tail_is_a_note_and_is_listed_once_it_was_moved_aside(hoops, ask):
    hoops.log(3)
    with hoops.settings.inference_log("hoops").open("ab") as stream:
        stream.write(b"2026-01-01T00:")
    code, said, error = ask("--verify")
    assert (code, said["whole"], said["problems"]) == (0, True, [])
    assert "never committed" in said["notes"][0] and said["notes"][0] in error
    hoops.log(1)
    [torn] = ask()[1]["torn"]
    assert (folder(hoops) / torn).read_bytes() == b"2026-01-01T00:"


def test_a_damaged_log_is_answered_with_exit_code_1(hoops, ask):
    ids = hoops.log(5)
    path = hoops.settings.inference_log("hoops")
    path.write_bytes(path.read_bytes().replace(ids[1].encode(), ids[0].encode()))
    code, said, error = ask("--verify")
    assert (code, said["whole"]) == (1, False)
    assert "1 prediction ids occur more than once" in said["problems"][0] in error.strip()


def test_rebuild_takes_the_file_as_it_is(hoops, ask):
    hoops.log(5)
    path = hoops.settings.inference_log("hoops")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:4]))
    code, said, error = ask()
    assert (code, said) == (0, {**said, "rows": 5})  # by the sidecar, which is wrong now
    assert ask("--verify")[0] == 1
    code, said, _ = ask("--rebuild")
    assert (code, said["rows_before"], said["rows"]) == (0, 5, 3)
    assert ask("--verify")[0] == 0
    path.with_name("inference_log.commit.json").write_text("nonsense")
    code, said, error = ask()
    assert (code, said) == (1, None) and "rebuild" in error
    code, said, _ = ask("--rebuild")
    assert (code, said["rows_before"], said["rows"]) == (0, None, 3)


def test_verify_and_rebuild_are_one_or_the_other(ask):
    code, said, error = ask("--verify", "--rebuild")
    assert (code, said) == (2, None) and "not allowed with" in error
