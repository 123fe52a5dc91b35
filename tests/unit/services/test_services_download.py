"""The download keeps what it can prove and nothing else; tried against a server of our own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from core.dataset import io
from core.errors import BadInput, DataFileError, SchemaError
from core.services import projects
from core.settings import Settings

CONTENT = b"a,y\n1,0\n2,1\n"


class Handler(BaseHTTPRequestHandler):
    """/good a table, /endless a body without an end, /short one that breaks off, else 404."""

    def do_GET(self) -> None:
        answer = {"/good": CONTENT, "/wrong": b"x,y\n1,0\n", "/short": CONTENT}.get(self.path)
        if self.path == "/endless":
            self._endless()
        elif answer is None:
            self.send_error(404)
        else:
            self.send_response(200)
            length = len(answer) * (2 if self.path == "/short" else 1)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(answer)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"1,2\n" * 20_000)
        except OSError:  # the client has gone, as it should
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def shop(settings: Settings, url: str, content: bytes = CONTENT) -> Settings:
    """A project with an older file in place and a public one at ``url``."""
    digest = hashlib.sha256(content).hexdigest()
    spec = (
        "target: {column: y, positive: 1}\ncolumns: {a: numeric}\nfiles: {dev: d.csv}\n"
        f"download: {{dev: {{url: '{url}', sha256: {digest}}}}}\n"
    )
    projects.create(settings, "shop", spec.encode())
    io.write_table(pd.DataFrame({"a": [9], "y": [1]}), settings.layer("shop", "01_raw") / "d.csv")
    return settings


def refused(settings: Settings, error: type[Exception], said: str) -> str:
    folder = settings.layer("shop", "01_raw")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(error, match=said) as caught:
        projects.download(settings, "shop", "dev")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return str(caught.value)


def test_a_good_download(bare_workspace: Settings, server: str) -> None:
    files = projects.download(shop(bare_workspace, f"{server}/good"), "shop", "dev")
    assert files.dev_rows == 2
    assert files.dev.read_bytes() == CONTENT


def test_a_wrong_checksum(bare_workspace: Settings, server: str) -> None:
    settings = shop(bare_workspace, f"{server}/good", b"something else")
    refused(settings, DataFileError, "not the expected one .sha256 .* thrown away")


def test_the_right_checksum_of_a_table_that_does_not_fit(
    bare_workspace: Settings, server: str
) -> None:
    settings = shop(bare_workspace, f"{server}/wrong", b"x,y\n1,0\n")
    refused(settings, SchemaError, r"d\.csv lacks 1 needed column\(s\): a")


def test_not_found(bare_workspace: Settings, server: str) -> None:
    said = refused(shop(bare_workspace, f"{server}/gone"), DataFileError, "answered 404 Not Found")
    assert f"{server}/gone" in said


def test_offline(bare_workspace: Settings) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    said = refused(
        shop(bare_workspace, f"http://127.0.0.1:{port}/x"), DataFileError, "is this machine online"
    )
    assert "upload it here" in said


def test_a_body_that_breaks_off(bare_workspace: Settings, server: str) -> None:
    refused(shop(bare_workspace, f"{server}/short"), DataFileError, "not|downloaded")


def test_a_body_without_end(
    bare_workspace: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = shop(bare_workspace, f"{server}/endless")
    monkeypatch.setattr(projects, "_MAX_DOWNLOAD_BYTES", 1 << 20)
    refused(settings, DataFileError, "it was stopped")
    monkeypatch.setattr(projects, "_MAX_DOWNLOAD_BYTES", 1 << 40)
    monkeypatch.setattr(projects, "_DOWNLOAD_SECONDS", 0)
    refused(settings, DataFileError, "it was stopped")


def test_a_project_without_a_public_file(bare_workspace: Settings, server: str) -> None:
    shop(bare_workspace, f"{server}/good")
    for role in ("prod", "../x"):
        with pytest.raises(BadInput, match="names no public"):
            projects.download(bare_workspace, "shop", role)
