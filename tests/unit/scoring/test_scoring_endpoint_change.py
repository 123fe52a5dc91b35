"""Another version takes over: the port answers all the while, or the old one stays."""

import http.client
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.errors import EndpointError
from core.scoring import endpoint, endpoint_start, server_process
from core.scoring.endpoint_folder import EndpointFolder
from core.settings import REPOSITORY

SERVER = Path(__file__).with_name("endpoint_stand_in.py")

pytestmark = pytest.mark.skipif(
    not server_process.CAN_SHARE_PORT, reason="two servers cannot share a port on this system"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(server_process, "_GRACE_SECONDS", 2.0)
    made = tmp_path / "endpoint"
    yield made
    endpoint.stop(made)


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def begin(folder, port, monkeypatch):
    """Start a stand-in that answers with its version; ``behaviour`` as in its own file."""

    def start(version="1", behaviour="well", **changes):
        monkeypatch.setattr(
            server_process,
            "serve_command",
            lambda uri, host, port: [
                *(sys.executable, str(SERVER), "parent", behaviour, host, str(port), uri)
            ],
        )
        order = {"tracking_uri": "t", "port": port, "wait_seconds": 20, **changes}
        return endpoint.start(folder, version=version, model_uri=version, **order)

    return start


def ask(port):
    """The version that answers on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/served")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)
    return found


def test_the_port_answers_without_a_break_while_another_version_takes_over(folder, begin, port):
    begin()
    answers, failures, done = [], [], threading.Event()

    def keep_asking():
        while not done.is_set():
            try:
                answers.append(ask(port))
            except OSError as exc:
                failures.append(exc)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    new = begin("2", "slow")
    time.sleep(0.1)
    done.set()
    asking.join()
    assert failures == []
    assert (new.state, new.version, new.port) == ("running", "2", port)
    assert answers[0] == "1" and answers[-1] == "2" and len(answers) > 20
    assert set(answers) == {"1", "2"}
    assert not (folder / "endpoint.next.json").exists()
    assert endpoint.log_tail(folder).endswith("serves 2")


def test_without_waiting_the_old_version_is_in_charge_until_the_new_one_answers(
    folder, begin, port
):
    old = begin()
    seen = begin("2", "slow", wait_seconds=0)
    assert (seen.state, seen.version, seen.pid) == ("running", "1", old.pid)
    assert (seen.next_version, seen.is_changing) == ("2", True)
    assert ask(port) == "1"
    now = wait_until(lambda: (s := endpoint.status(folder)).version == "2" and s)
    assert (now.state, now.next_version, now.is_changing) == ("running", None, False)
    assert ask(port) == "2"


def test_whoever_waits_sees_it_through(folder, begin, port):
    begin()
    begin("2", "slow", wait_seconds=0)
    assert endpoint.wait(folder, 20).version == "2" and ask(port) == "2"
    endpoint.stop(folder)
    assert endpoint.wait(folder, 20).state == "stopped"


def test_a_new_version_that_ends_leaves_the_old_one_and_says_why(folder, begin, port):
    old = begin()
    with pytest.raises(EndpointError, match=r"the model file is damaged.* Version 1 still answers"):
        begin("2", "broken")
    seen = endpoint.status(folder)
    assert (seen.state, seen.pid, seen.next_version) == ("running", old.pid, None)
    assert "Version 2 ended before it answered" in seen.next_problem and ask(port) == "1"
    assert begin("2").version == "2"
    assert endpoint.status(folder).next_problem == ""


def test_a_new_version_that_never_answers_is_ended_and_the_old_one_stays(folder, begin, port):
    old = begin()
    with pytest.raises(EndpointError, match=r"within 0\.5 s and was stopped.* Version 1 still"):
        begin("2", "silent", wait_seconds=0.5)
    seen = endpoint.status(folder)
    assert (seen.state, seen.pid) == ("running", old.pid) and ask(port) == "1"
    assert "within 0.5 s" in seen.next_problem


def test_going_back_to_the_old_version_ends_the_new_one_that_loads(folder, begin, port):
    old = begin()
    begin("2", "silent", wait_seconds=0)
    loading = EndpointFolder(folder).read_next().find_process()
    assert begin("1").pid == old.pid
    wait_until(lambda: not server_process.pids_of(loading))
    assert endpoint.status(folder).next_version is None


def test_stopping_ends_both(folder, begin):
    begin()
    begin("2", "silent", wait_seconds=0)
    files = EndpointFolder(folder)
    servers = [files.read().find_process(), files.read_next().find_process()]
    assert endpoint.stop(folder).state == "stopped"
    assert [server_process.pids_of(one) for one in servers] == [set(), set()]
    assert endpoint.status(folder).next_version is None


def test_a_new_version_on_another_port_takes_over_from_the_first(folder, begin, port):
    begin()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        other = probe.getsockname()[1]
    new = begin("2", port=other)
    assert (new.port, ask(other)) == (other, "2")
    with pytest.raises(ConnectionRefusedError):
        ask(port)


@pytest.mark.parametrize("step", ["end_others", "_refuse_leftovers"])
def test_a_crash_while_taking_over_is_made_good_by_whoever_looks_next(
    folder, begin, port, monkeypatch, step
):
    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    begin()
    with monkeypatch.context() as patched:
        patched.setattr(server_process if step == "end_others" else endpoint_start, step, die)
        with pytest.raises(Killed):
            begin("2")
    assert endpoint.status(folder).version == "2"
    assert {ask(port) for _ in range(20)} == {"2"}
    assert not (folder / "endpoint.next.json").exists()


def test_a_server_from_before_ports_were_shared_is_stopped_first(folder, begin, port):
    old = begin()
    record = folder / "endpoint.json"
    known = json.loads(record.read_text())
    del known["token"], known["shares_port"], known["problem"]
    record.write_text(json.dumps(known))
    new = begin("2")
    assert new.version == "2" and new.pid != old.pid and {ask(port) for _ in range(9)} == {"2"}


def test_another_projects_server_on_the_same_port_is_not_shared_with(folder, begin, port, tmp_path):
    begin(wait_seconds=0)
    other = tmp_path / "other"
    shutil.copytree(folder, other, ignore=lambda *_: ["endpoint.json"])
    # Both looked when the port was still free.
    stranger = subprocess.Popen(
        [sys.executable, str(SERVER), "child", "well", "127.0.0.1", str(port), "9"],
        cwd=REPOSITORY,
    )
    try:
        with pytest.raises(EndpointError, match=f"Port {port} is already taken"):
            wait_until(lambda: server_process.listeners(port) >= {stranger.pid})
            endpoint.wait(folder, 20)
        assert endpoint.status(folder).state == "stopped"
        assert ask(port) == "9"
    finally:
        stranger.kill()
        stranger.wait()
