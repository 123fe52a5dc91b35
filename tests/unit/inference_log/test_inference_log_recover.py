"""After a crash, or somebody's edit, the log heals or says what to do."""

from __future__ import annotations

import json

import pytest

from core.errors import IntegrityError
from core.inference_log import InferenceLog, rebuild, verify
from core.inference_log import writer as writer_module


def commit_file(log):
    return log.path.with_name("inference_log.commit.json")


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("torn", [b"2026-01-01T00:00", b'2026,"open\nquote', b"a\nb\n"])
def test_torn_tail_is_unseen_then_moved_away(log, add, torn, caplog):
    add(log)
    with log.path.open("ab") as stream:
        stream.write(torn)
    assert len(log.read_from()[0]) == 3
    assert any("never committed" in problem for problem in verify(log.path))
    done = add(log, first=3)
    assert log.path.with_name(done.healed).read_bytes() == torn
    assert done.healed in caplog.text
    assert log.read_from()[0]["distance"].tolist() == list(range(6))
    assert verify(log.path) == []
    assert add(log).healed is None


def test_killed_between_data_and_commit_leaves_what_was_acknowledged(log, add, monkeypatch):
    add(log)

    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(writer_module, "_commit", die)
        with pytest.raises(Killed):
            add(log, first=100)
    assert log.rows() == 3 and len(log.read_from()[0]) == 3
    assert add(log, first=3).healed is not None
    assert log.read_from()[0]["distance"].tolist() == list(range(6))


def test_killed_before_the_index_costs_nothing(log, add, monkeypatch):
    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(writer_module, "add_checkpoints", die)
        with pytest.raises(Killed):
            add(log)
    add(log, first=3)
    assert log.tail(6)["distance"].tolist() == list(range(6))
    assert verify(log.path) == []


@pytest.mark.parametrize("step", ["write_bytes", "save_commit"])
def test_killed_while_rotating_goes_on_from_there(log, add, monkeypatch, step):
    add(log)
    other = InferenceLog(log.path, ["an\ngle"])

    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(writer_module, step, die)
        with pytest.raises(Killed):
            add(other)
    assert len(log.read_from()[0]) == 3
    add(other, rows=2)
    assert log.rows() == 5 and len(log.read_from()[0]) == 5
    assert verify(log.path) == []


def test_killed_while_beginning_a_log(log, add, monkeypatch):
    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(writer_module, "save_commit", die)
        with pytest.raises(Killed):
            add(log)
    assert log.read_from()[0].empty
    add(log)
    assert log.rows() == 3 and verify(log.path) == []


def test_missing_sidecars_are_rebuilt_from_the_rows(log, add):
    add(log)
    add(log, first=3)
    before, end = log.read_from()
    with log.path.open("ab") as stream:
        stream.write(b"torn")
    commit_file(log).unlink()
    log.path.with_name("inference_log.index.jsonl").unlink()
    after, place = log.read_from()
    assert after.equals(before) and place == end
    assert add(log).healed is not None
    assert log.rows() == 9 and verify(log.path) == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-20], "cut short"),
        (lambda content: content.replace(b"zone-2", b"zone-9"), "edited or replaced"),
        (lambda content: content.replace(b"logged_at", b"logged_by"), "edited or replaced"),
    ],
)
def test_damage_is_told_to_readers_writers_and_verify(log, add, damage, message):
    add(log)
    log.path.write_bytes(damage(log.path.read_bytes()))
    for question in (log.read_from, lambda: log.tail(1), lambda: add(log)):
        with pytest.raises(IntegrityError, match=message):
            question()
    assert any(message in problem for problem in verify(log.path))


def test_rebuild_accepts_the_file_as_it_is_now(log, add):
    add(log)
    log.path.write_bytes(log.path.read_bytes()[:-20])
    rebuild(log.path)
    assert log.read_from()[0]["distance"].tolist() == [0, 1]
    assert add(log, first=2).healed is not None
    assert log.read_from()[0]["distance"].tolist() == [0, 1, 2, 3, 4]


def test_deleted_log_is_told_and_rebuild_begins_anew(log, add):
    add(log)
    _, place = log.read_from()
    log.path.unlink()
    for question in (log.read_from, lambda: add(log)):
        with pytest.raises(IntegrityError, match="is missing, and 3 logged rows"):
            question()
    rebuild(log.path)
    add(log, rows=2)
    assert log.rows() == 2
    assert len(log.read_from(place)[0]) == 2, "a position in the old log must not skip new rows"


def test_everything_deleted_is_a_new_log(log, add):
    add(log)
    log.path.unlink()
    commit_file(log).unlink()
    add(log, rows=1)
    assert len(log.read_window(log.tail(1)["logged_at"].iloc[0].to_pydatetime())) == 1
    assert verify(log.path) == []


def test_rows_that_are_not_the_logs_are_not_accepted(log, add):
    add(log)
    commit_file(log).unlink()
    content = log.path.read_bytes()
    log.path.write_bytes(content + b"2026-01-01T00:00:00.000000+00:00,too,few\n")
    with pytest.raises(IntegrityError, match="cannot have written"):
        rebuild(log.path)
    log.path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(IntegrityError, match="header"):
        log.rows()


def test_rows_out_of_time_are_read_whole_and_reported(log, add):
    early, late = add(log).logged_at, add(log, first=3).logged_at
    header, *lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join([header, *lines[3:], *lines[:3]]))
    rebuild(log.path)
    assert log.read_window(late)["distance"].tolist() == [3, 4, 5]
    assert log.read_window(early, late)["distance"].tolist() == [0, 1, 2]
    assert any("out of order" in problem for problem in verify(log.path))


def test_verify_finds_what_the_sidecars_have_wrong(log, add):
    add(log)
    state = json.loads(commit_file(log).read_text())
    state["segments"][0]["rows"] = 4
    commit_file(log).write_text(json.dumps(state))
    index = log.path.with_name("inference_log.index.jsonl")
    index.write_text('{"segment": 1, "byte": 5, "row": 1, "logged_at": "2026"}\n')
    found = " ".join(verify(log.path))
    assert "says 4" in found and "marks wrong places" in found
    rebuild(log.path)
    assert verify(log.path) == []


def test_verify_counts_rows_with_the_wrong_fields(log, add):
    add(log, rows=20)
    lines = log.path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"zone-0", b"zone,0")
    log.path.write_bytes(b"".join(lines))
    found = " ".join(verify(log.path))
    assert "1 rows with the wrong number of fields (11 fields for 10)" in found


def test_sidecar_that_is_not_one_is_told_and_rebuilt(log, add):
    add(log)
    for nonsense in ("{", "[]", '{"format": 99}', '{"format": 1}'):
        commit_file(log).write_text(nonsense)
        with pytest.raises(IntegrityError, match="rebuild"):
            log.rows()
        assert len(verify(log.path)) == 1
        rebuild(log.path)
        assert log.rows() == 3


def test_rows_beside_an_open_rotation_are_never_overwritten(log, add):
    add(log)
    stray = log.path.with_name("inference_log.0001.csv")
    stray.write_bytes(log.path.read_bytes())
    with pytest.raises(IntegrityError, match="Move one of them away"):
        add(log)
    assert len(log.path.read_bytes().splitlines()) == 4


def test_nothing_to_verify(log):
    assert verify(log.path) == []
