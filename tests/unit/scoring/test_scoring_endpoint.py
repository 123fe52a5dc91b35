"""Starting, watching and stopping a server; a small script stands in for MLflow's."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from core.errors import EndpointError
from core.scoring import endpoint, endpoint_start, server_process

# Like MLflow's command: a parent that waits for the child which listens.
FAKE_SERVER = """
import os, signal, subprocess, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

role, behaviour, host, port = sys.argv[1:]

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ping" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass

if behaviour == "broken":
    raise ValueError("the model file is damaged")
if behaviour == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if role == "parent":
    sys.exit(subprocess.run([sys.executable, sys.argv[0], "child", *sys.argv[2:]]).returncode)
if behaviour == "silent":
    time.sleep(60)
print(*(f"{name}={os.environ.get(name)}" for name in (
    "MLFLOW_TRACKING_URI", "MLFLOW_DISABLE_TELEMETRY", "PYTHONDONTWRITEBYTECODE")), flush=True)
print("PATH=" + os.environ["PATH"].split(os.pathsep)[0], flush=True)
if behaviour == "slow":
    time.sleep(1.5)
ThreadingHTTPServer.allow_reuse_port = "UVICORN_LOOP" in os.environ
ThreadingHTTPServer.daemon_threads = True
server = ThreadingHTTPServer((host, int(port)), Handler)
if behaviour != "stubborn":
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(0.01)
server.server_close()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(server_process, "_GRACE_SECONDS", 0.5)
    made = tmp_path / "endpoint"
    yield made
    endpoint.stop(made)


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def behave(tmp_path, monkeypatch):
    """Have the stand-in behave as told; well, until then."""
    script = tmp_path / "fake_server.py"
    script.write_text(FAKE_SERVER)
    launches = []

    def set_behaviour(behaviour):
        def command(model_uri, host, port):
            launches.append(model_uri)
            return [sys.executable, str(script), "parent", behaviour, host, str(port)]

        monkeypatch.setattr(server_process, "serve_command", command)

    set_behaviour("well")
    set_behaviour.launches = launches
    return set_behaviour


@pytest.fixture
def begin(folder, port, behave):
    def begin(version="1", **changes):
        arguments = {
            "model_uri": f"models:/shots/{version}",
            "tracking_uri": "sqlite:////somewhere/mlflow.db",
            "port": port,
            "wait_seconds": 20,
        }
        return endpoint.start(folder, version=version, **arguments | changes)

    return begin


def tree_of(pid):
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)
    return found


def test_a_folder_without_an_endpoint_has_none(folder):
    assert endpoint.status(folder) is None
    assert endpoint.stop(folder) is None
    assert endpoint.log_tail(folder) == ""
    assert not folder.exists()


def test_started_it_answers_and_says_what_it_serves(folder, begin, port):
    before = datetime.now(UTC)
    made = begin()
    assert made.state == "running" and endpoint.is_healthy(made)
    assert (made.url, made.host, made.port) == (f"http://127.0.0.1:{port}", "127.0.0.1", port)
    assert (made.version, made.model_uri) == ("1", "models:/shots/1")
    assert before <= made.started_at <= datetime.now(UTC)
    assert made.message == f"Version 1 answers at {made.url}."
    assert os.getsid(made.pid) == made.pid != os.getsid(0)
    assert endpoint.status(folder) == made


def test_the_server_gets_the_environment_that_mlflow_needs(folder, begin, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", "/bin"]))
    begin()
    assert endpoint.log_tail(folder).splitlines() == [
        "MLFLOW_TRACKING_URI=sqlite:////somewhere/mlflow.db MLFLOW_DISABLE_TELEMETRY=true "
        "PYTHONDONTWRITEBYTECODE=None",
        f"PATH={Path(sys.executable).parent}",
    ]


def test_uptime_counts_only_while_it_runs(begin):
    made = replace(begin(), started_at=datetime.now(UTC) - timedelta(hours=1))
    assert 3600 <= made.uptime_seconds < 3700
    assert replace(made, state="stopped").uptime_seconds == 0
    assert replace(made, started_at=made.started_at + timedelta(days=1)).uptime_seconds == 0


def test_stop_ends_parent_and_child_and_may_be_repeated(folder, begin):
    made = begin()
    members = tree_of(made.pid)
    assert len(members) == 2
    stopped = endpoint.stop(folder)
    assert stopped.state == "stopped" and stopped.version == "1"
    assert not any(map(is_alive, members))
    assert endpoint.stop(folder) == endpoint.status(folder) == stopped
    assert not endpoint.is_healthy(stopped)


def test_a_server_that_ignores_sigterm_is_killed(folder, begin, behave):
    behave("stubborn")
    members = tree_of(begin().pid)
    assert endpoint.stop(folder).state == "stopped"
    assert not any(map(is_alive, members))


def test_stop_ends_a_child_whose_parent_is_gone(folder, begin):
    made = begin()
    parent, child = tree_of(made.pid)
    parent.kill()
    wait_until(lambda: endpoint.status(folder).state == "died")
    assert is_alive(child)
    endpoint.stop(folder)
    assert not is_alive(child)


def test_a_server_whose_record_was_never_written_is_found_and_ended(folder, begin):
    members = tree_of(begin().pid)
    (folder / "endpoint.json").unlink()
    assert begin().state == "running"
    assert not any(map(is_alive, members))


def test_the_same_version_is_left_alone(begin, behave):
    made = begin()
    assert begin() == made
    assert begin(port=made.port + 1) == made
    assert behave.launches == ["models:/shots/1"]


def test_another_version_replaces_it_on_the_same_port(folder, begin):
    old = begin()
    members = tree_of(old.pid)
    new = begin("2")
    assert (new.state, new.version, new.port) == ("running", "2", old.port)
    assert not any(map(is_alive, members))
    assert endpoint.status(folder) == new


def test_a_server_that_hangs_is_replaced(begin, monkeypatch):
    monkeypatch.setattr(endpoint_start, "HEALTH_SECONDS", 0.2)
    old = begin()
    for process in tree_of(old.pid):
        process.suspend()
    assert not endpoint.is_healthy(old, timeout_seconds=0.1)
    new = begin()
    assert new.state == "running" and new.pid != old.pid


def test_many_who_press_start_get_one_server(folder, begin, behave):
    found, barrier = [], threading.Barrier(4)

    def press():
        barrier.wait()
        found.append(begin())

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(behave.launches) == 1
    assert {made.pid for made in found} == {endpoint.status(folder).pid} and len(found) == 4


def test_a_port_that_is_taken_is_named_and_nothing_started(folder, begin, behave, port):
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(EndpointError, match=rf"Port {port} is already taken .* another port"),
    ):
        begin()
    assert behave.launches == []
    assert endpoint.status(folder) is None


def test_a_taken_port_leaves_the_server_before_in_place(folder, begin):
    old = begin()
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(EndpointError, match="already taken"),
    ):
        begin("2", port=other.getsockname()[1])
    assert endpoint.status(folder) == old and endpoint.is_healthy(old)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"port": 0}, "from 1 to 65535; found 0"),
        ({"port": 70_000}, "from 1 to 65535; found 70000"),
        ({"host": "192.0.2.1"}, "'192.0.2.1' is not an address of this machine"),
    ],
)
def test_an_address_that_cannot_be_served_is_refused(begin, behave, changes, words):
    with pytest.raises(EndpointError, match=words):
        begin(**changes)
    assert behave.launches == []


def test_all_addresses_are_served_only_when_asked_for(begin):
    made = begin(host="0.0.0.0")
    assert made.host == "0.0.0.0"
    assert made.url == f"http://127.0.0.1:{made.port}" and endpoint.is_healthy(made)


def test_a_server_that_ends_while_starting_gives_its_reason(folder, begin, behave):
    behave("broken")
    with pytest.raises(EndpointError, match="ValueError: the model file is damaged"):
        begin()
    died = endpoint.status(folder)
    assert died.state == "died" and "the model file is damaged" in died.message
    behave("well")
    assert begin().state == "running"


def test_a_stranger_that_answers_on_the_port_is_not_taken_for_the_server(
    folder, begin, behave, port
):
    behave("silent")
    begin(wait_seconds=0)
    stranger = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        cwd=_with_ping(folder.parent),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: endpoint_start.ping("127.0.0.1", port, 1))
        assert endpoint.status(folder).state == "starting"
    finally:
        stranger.kill()
        stranger.wait()


def _with_ping(parent):
    made = parent / "stranger"
    made.mkdir()
    (made / "ping").write_text("here I am")
    return made


def test_one_that_never_answers_is_stopped_after_the_wait(folder, begin, behave):
    behave("silent")
    with pytest.raises(EndpointError, match=r"within 0\.3 s and was stopped"):
        begin(wait_seconds=0.3)
    assert endpoint.status(folder).state == "stopped"


def test_not_waiting_gives_a_starting_endpoint_that_becomes_a_running_one(folder, begin):
    made = begin(wait_seconds=0)
    assert made.state in {"starting", "running"} and made.is_live
    wait_until(lambda: endpoint.status(folder).state == "running")


def test_stopping_while_it_starts_tells_the_one_who_waits(folder, begin, behave):
    behave("silent")
    errors = []

    def press():
        with pytest.raises(EndpointError) as caught:
            begin(wait_seconds=30)
        errors.append(str(caught.value))

    waiting = threading.Thread(target=press)
    waiting.start()
    wait_until(lambda: endpoint.status(folder))
    endpoint.stop(folder)
    waiting.join(10)
    assert not waiting.is_alive()
    assert "was stopped or replaced while it was starting" in errors[0]


def test_killed_from_outside_it_reads_as_died(folder, begin):
    for process in tree_of(begin().pid):
        process.kill()
    died = wait_until(lambda: (now := endpoint.status(folder)).state == "died" and now)
    assert "ended from outside" in died.message
    assert not endpoint.is_healthy(died)


def test_a_strangers_process_with_the_recorded_pid_is_never_touched(folder, begin):
    begin()
    endpoint.stop(folder)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        state_file = folder / "endpoint.json"
        record = json.loads(state_file.read_text()) | {"pid": stranger.pid, "state": "running"}
        record["process_started"] -= 3600
        state_file.write_text(json.dumps(record))
        assert endpoint.status(folder).state == "died"
        assert endpoint.stop(folder).state == "stopped"
        assert stranger.poll() is None
    finally:
        stranger.send_signal(signal.SIGKILL)
        stranger.wait()


def test_a_server_outlives_the_process_that_started_it(folder, begin, behave, port):
    command = server_process.serve_command("models:/shots/7", "127.0.0.1", port)
    code = f"""
import pathlib
from core.scoring import endpoint, endpoint_start, server_process
server_process.serve_command = lambda *_: {command!r}
endpoint.start(pathlib.Path({str(folder)!r}), model_uri="m", version="7", tracking_uri="t",
               port={port}, wait_seconds=20)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    found = endpoint.status(folder)
    assert found.state == "running" and found.version == "7" and endpoint.is_healthy(found)


def test_a_record_that_is_none_says_what_to_do(folder, begin):
    begin()
    record = (folder / "endpoint.json").read_text()
    (folder / "endpoint.json").write_text('{"pid": 1}')
    with pytest.raises(EndpointError, match="delete it and start the endpoint again"):
        endpoint.status(folder)
    (folder / "endpoint.json").write_text(record)


def test_log_tail_gives_the_last_lines(folder):
    folder.mkdir()
    (folder / "endpoint.log").write_text("".join(f"line {n}\n" for n in range(50_000)))
    assert endpoint.log_tail(folder, 2) == "line 49998\nline 49999"
    assert len(endpoint.log_tail(folder).splitlines()) == 40
    assert endpoint.log_tail(folder, 0) == ""
