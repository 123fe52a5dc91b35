"""The webhook, against a server of our own: taken, refused, slow, gone; and no secret told."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.monitoring import webhook
from core.monitoring.alert_book import AlertBook
from core.monitoring.policy import Alert

SECRET = "T0KEN-of-the-webhook"


class Server(ThreadingHTTPServer):
    """Answers with the next of ``codes``, the last one for good; keeps what it was sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.codes, self.bodies, self.pause = [200], [], 0.0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook/{SECRET}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.bodies.append(json.loads(body))
        time.sleep(server.pause)
        code = server.codes.pop(0) if len(server.codes) > 1 else server.codes[0]
        self.send_response(code)
        if code in (301, 302):
            self.send_header("Location", f"{server.url}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def book(tmp_path):
    made = AlertBook(tmp_path / "alerts.jsonl")
    made.record([Alert("drift:x", "alarm", "x drifted.")], set(), "run1", "3")
    return made


def tell(book, url, **how):
    return webhook.tell(book, url, "hoops", "Hoops", "It drifted.", 24, sleep=lambda _: None, **how)


def test_new_alerts_are_told_once(server, book):
    assert tell(book, server.url) == ""
    assert tell(book, server.url) == ""
    [body] = server.bodies
    assert body["text"] == "Hoops: It drifted.\n[alarm] x drifted."
    assert (body["project"], body["verdict"]) == ("hoops", "It drifted.")
    [alert] = body["alerts"]
    assert (alert["rule"], alert["version"], alert["run_id"]) == ("drift:x", "3", "run1")
    assert book.open_alerts()[0].announced_level == "alarm"


def test_a_server_in_trouble_is_tried_again_with_growing_pauses(server, book):
    server.codes = [500, 503, 200]
    pauses = []
    content = webhook.message("hoops", "Hoops", "It drifted.", [])
    assert webhook.post(server.url, content, sleep=pauses.append) == ""
    assert pauses == [1.0, 2.0]
    assert len(server.bodies) == 3


def test_in_the_end_the_failure_is_kept(server, book):
    server.codes = [500]
    assert tell(book, server.url) == "the server answered 500, tried 3 times"
    assert book.open_alerts()[0].failure == "the server answered 500, tried 3 times"
    server.codes = [200]
    assert tell(book, server.url) == ""
    assert book.open_alerts()[0].failure == ""


@pytest.mark.parametrize("code", [400, 404, 302])
def test_a_refusal_is_final(server, book, code):
    server.codes = [code]
    assert tell(book, server.url) == f"the server answered {code}"
    assert len(server.bodies) == 1


def test_a_server_that_takes_too_long_is_given_up(server, book):
    server.pause = 1.0
    failure = tell(book, server.url, timeout_seconds=0.1, tries=2)
    assert failure == "no answer within 0.1 s, tried 2 times"


def test_nobody_there(book):
    failure = tell(book, f"http://127.0.0.1:9/{SECRET}")
    assert failure == "no connection, tried 3 times"


@pytest.mark.parametrize("url", [f"http://127.0.0.1:abc/{SECRET}", f"http://[{SECRET}"])
def test_an_address_that_cannot_be_used(book, url):
    assert tell(book, url) == "the address cannot be used"


def test_no_address_is_nobody_to_tell(book):
    assert tell(book, "") == ""
    assert book.pending(24)


def test_nothing_written_or_logged_holds_the_address(server, book, caplog, capfd):
    caplog.set_level("DEBUG")
    for codes in ([500], [404], [200]):
        server.codes = codes
        tell(book, server.url)
    tell(book, f"http://127.0.0.1:9/{SECRET}")
    written = book.path.read_text() + caplog.text + "".join(capfd.readouterr())
    assert SECRET not in written


def test_telling_goes_on_beside_the_caller_and_only_one_at_a_time(server, book):
    server.pause = 0.3
    threads = [
        webhook.tell_in_background(book, server.url, "hoops", "Hoops", "It drifted.", 24)
        for _ in range(4)
    ]
    assert book.open_alerts()[0].announced_at is None  # nobody waited
    for thread in threads:
        thread.join(10)
    assert len(server.bodies) == 1
    assert book.open_alerts()[0].announced_level == "alarm"
