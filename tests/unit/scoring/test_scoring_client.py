"""The REST client against a scripted server, and every way in which one can go wrong."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
import requests
from requests import exceptions as raised

from core.errors import EndpointError, SchemaError
from core.scoring.client import RestClient, explanations

ROWS = pd.DataFrame({"distance": [1.5, np.nan, 3.0], "zone": ["left", None, "right"]})


class ScriptedServer(ThreadingHTTPServer):
    """Answers ``/invocations`` with what ``answer(payload)`` returns: (status, body)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests = []
        self.answer = lambda payload: (200, probabilities(len(payload["data"])))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        replies = {"/ping": (200, "\n"), "/version": (200, "3.17.2")}
        self._reply(*replies.get(self.path, (404, '{"detail": "Not Found"}')))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body["dataframe_split"])
        answer = self.server.answer(body["dataframe_split"])
        if answer is None:  # the server dies in the middle
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"predi')
            self.close_connection = True
            return
        self._reply(*answer)

    def _reply(self, status, body):
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def probabilities(rows):
    positive = np.arange(rows) % 10 / 10
    return {"predictions": np.column_stack([1 - positive, positive]).tolist()}


@pytest.fixture
def server():
    made = ScriptedServer()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def client(server):
    with RestClient(server.url, timeout_seconds=(1, 1)) as made:
        yield made


def refused_with(server, client, status, body):
    server.answer = lambda _: (status, body)
    with pytest.raises(EndpointError) as caught:
        client.predict(ROWS)
    return str(caught.value)


def test_probability_of_the_positive_class_comes_back(client):
    assert client.predict(ROWS).tolist() == [0.0, 0.1, 0.2]


def test_missing_values_of_any_kind_are_sent_as_null(server, client):
    client.predict(ROWS.assign(whole=pd.array([1, None, 3], dtype="Int64"), when=pd.NaT))
    assert server.requests[0] == {
        "columns": ["distance", "zone", "whole", "when"],
        "data": [[1.5, "left", 1, None], [None, None, None, None], [3.0, "right", 3, None]],
    }


def test_values_arrive_to_the_last_digit_and_in_their_own_type(server, client):
    frame = pd.DataFrame(
        {
            "float": [0.1 + 0.2],
            "tiny": [5e-324],
            "int": [2**53 + 1],
            "flag": [True],
            "day": [pd.Timestamp("2024-02-29 12:30")],
            "zone": pd.Categorical(["é"]),
        }
    )
    client.predict(frame)
    sent = server.requests[0]["data"][0]
    assert sent == [0.1 + 0.2, 5e-324, 2**53 + 1, True, "2024-02-29T12:30:00", "é"]
    assert sent[3] is True


def test_large_frames_go_in_pieces_whose_order_is_kept(server):
    server.answer = lambda payload: (
        200,
        {"predictions": [[1 - row[0], row[0]] for row in payload["data"]]},
    )
    values = np.linspace(0, 1, 25)
    with RestClient(server.url, rows_per_request=10) as client:
        assert client.predict(pd.DataFrame({"x": values})).tolist() == values.tolist()
    assert [len(request["data"]) for request in server.requests] == [10, 10, 5]


def test_the_frame_is_left_as_it_was(client):
    before = ROWS.copy(deep=True)
    client.predict(ROWS)
    pd.testing.assert_frame_equal(ROWS, before)


def test_no_rows_ask_nobody(server, client):
    assert client.predict(ROWS.iloc[:0]).shape == (0,)
    assert server.requests == []


def test_ping_and_version(client):
    assert client.ping() is True
    assert client.version() == "3.17.2"


def test_nobody_there():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with RestClient(url) as client:
            assert client.ping() is False
            with pytest.raises(EndpointError, match=rf"{url} is not running: start it") as caught:
                client.predict(ROWS)
    assert isinstance(caught.value.__cause__, requests.ConnectionError)


def test_an_answer_that_takes_too_long(server):
    server.answer = lambda payload: time.sleep(0.4) or (200, probabilities(len(payload["data"])))
    with (
        RestClient(server.url, timeout_seconds=(1, 0.05)) as client,
        pytest.raises(EndpointError, match=r"did not answer within 0\.05 s"),
    ):
        client.predict(ROWS)


def test_a_server_that_dies_in_the_middle(server, client):
    server.answer = lambda _: None
    with pytest.raises(EndpointError, match="broke off in the middle of its answer"):
        client.predict(ROWS)


@pytest.mark.parametrize("url", ["127.0.0.1:5002", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_a_url_that_is_none(url):
    with RestClient(url) as client, pytest.raises(EndpointError, match="is not an address"):
        client.predict(ROWS)


ENFORCED = (
    "Failed to predict data '   distance\n0  1.5'. \nError: Failed to enforce schema of data "
    "'   distance\n0  1.5' with schema '['distance': double (required), 'zone': string "
    "(required)]'. Error: "
)
CONVERSION = (
    "Invalid input. Data is not compatible with model signature. Failed to convert column {} to "
    "type '{}'. Error: '{}'"
)
REFUSALS = {
    "missing column": (
        {"message": ENFORCED + "Model is missing inputs ['zone']."},
        "The model needs 'zone', which the rows do not have. Send every raw column that the model "
        "was trained on.",
    ),
    "misspelt column": (
        {
            "message": ENFORCED + "Model is missing inputs ['zone', 'period']. Note that there "
            "were extra inputs: ['Zone']."
        },
        "The model needs 'zone', 'period', which the rows do not have. They hold 'Zone', which it "
        "does not use. Send every raw column that the model was trained on.",
    ),
    "text for a number": (
        {
            "message": CONVERSION.format(
                "shot distance",
                "float64",
                "ValueError(\"could not convert string to float: 'far'\")",
            )
        },
        "The model needs numbers in column 'shot distance'; found the text 'far'. Correct the "
        "column and send the rows again.",
    ),
    "missing whole number": (
        {
            "message": CONVERSION.format(
                "period",
                "int64",
                "IntCastingNaNError('Cannot convert non-finite values (NA or inf) to integer')",
            )
        },
        "The model needs whole numbers in column 'period'; found a missing value. Correct the "
        "column and send the rows again.",
    ),
    "incompatible types": (
        {
            "message": ENFORCED + "Incompatible input types for column period. Can not safely "
            "convert float64 to int64."
        },
        "The model needs whole numbers in column 'period'; found numbers. Correct the column and "
        "send the rows again.",
    ),
    "failure inside the model": (
        {
            "message": "Encountered an unexpected error while evaluating the model. Verify that "
            "the serialized input Dataframe is compatible with the model for inference.",
            "stack_trace": 'Traceback\n  File "x.py", line 1\nValueError: unknown zone\n',
        },
        "The model could not score the rows: ValueError: unknown zone. Check their values against "
        "the training's.",
    ),
    "something new": (
        {"message": "Invalid input. Nobody has seen this before"},
        "The endpoint refused the rows: Nobody has seen this before.",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals_read_in_plain_words(server, client, case):
    body, expected = REFUSALS[case]
    assert refused_with(server, client, 400, body) == expected


def test_refusals_that_are_no_json_keep_their_text(server, client):
    message = refused_with(server, client, 415, "The scoring server only supports UTF-8")
    assert message == "The endpoint refused the rows: The scoring server only supports UTF-8."


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "a fault of its own"),
        (503, "a fault of its own"),
        (504, "longer than its limit"),
        (404, "not a scoring server"),
        (403, "not a scoring server"),
        (302, "not a scoring server"),
    ],
)
def test_other_statuses_name_the_cause_and_the_number(server, client, status, words):
    message = refused_with(server, client, status, {"message": "boom"})
    assert words in message and f"HTTP {status}" in message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html>hello</html>", "not JSON (it begins '<html>hello</html>')"),
        ("", "not JSON (it is empty)"),
        ([1, 2, 3], "holds no predictions"),
        ({"result": []}, "holds no predictions"),
        ({"predictions": [[0.5, 0.5]]}, "3 rows were sent and 1 came back"),
        ({"predictions": []}, "3 rows were sent and 0 came back"),
        ({"predictions": 0.5}, "has shape ()"),
        ({"predictions": [0, 1, 1]}, "has shape (3,), expected (3, 2)"),
        ({"predictions": [[0.2, 0.3, 0.5]] * 3}, "has shape (3, 3)"),
        ({"predictions": [[0.5, 0.5], [0.5], [0.5]]}, "not a table of numbers"),
        ({"predictions": [["a", "b"]] * 3}, "not a table of numbers"),
        ({"predictions": [[-0.5, 1.5]] * 3}, "not probabilities"),
        ({"predictions": [[0.9, 0.9]] * 3}, "not probabilities"),
        ({"predictions": [[float("nan"), 0.5]] * 3}, "not probabilities"),
        ({"predictions": [[None, 0.5]] * 3}, "not probabilities"),
    ],
)
def test_an_answer_that_is_not_one_pair_of_probabilities_a_row(server, client, body, words):
    assert words in refused_with(server, client, 200, body)


@pytest.mark.parametrize(
    ("column", "words"),
    [([1.0, float("inf")], "'x' holds an infinite value"), ([1, object()], "of type object")],
)
def test_values_that_json_cannot_hold_are_named_before_anything_is_sent(
    server, client, column, words
):
    with pytest.raises(EndpointError, match=words):
        client.predict(pd.DataFrame({"x": column}))
    assert server.requests == []


def test_two_columns_of_one_name_are_refused(client):
    with pytest.raises(EndpointError, match="several columns named 'x'"):
        client.predict(pd.DataFrame([[1, 2]], columns=["x", "x"]))


def every_requests_exception():
    found, pending = set(), [raised.RequestException]
    while pending:
        kind = pending.pop()
        found.add(kind)
        pending.extend(k for k in kind.__subclasses__() if k.__module__.startswith("requests"))
    return sorted(found, key=lambda kind: kind.__name__)


class FailingSession(requests.Session):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def request(self, *_, **__):
        raise self.error


@pytest.mark.parametrize("kind", every_requests_exception())
def test_every_exception_of_requests_has_a_sentence_of_its_own(kind):
    assert kind in explanations(), f"requests can raise {kind.__name__}: map it in explanations()"
    # JSON's decoder has a message, a document and a position; all others take anything.
    error = kind("a {brace}", "", 0) if kind is raised.JSONDecodeError else kind("a {brace}")
    with (
        FailingSession(error) as session,
        pytest.raises(EndpointError) as caught,
    ):
        RestClient("http://127.0.0.1:5002", session=session).version()
    assert caught.value.__cause__ is error
    assert "http://127.0.0.1:5002" in str(caught.value) or "proxy" in str(caught.value).lower()


def test_a_proxy_of_the_environment_does_not_come_between(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with RestClient(server.url) as client:
        assert client.ping()


def test_importing_the_client_does_not_import_requests_or_pandas():
    import subprocess
    import sys

    code = (
        "import sys, core.scoring.client, core.scoring.endpoint;"
        "sys.exit(bool({'requests', 'pandas', 'mlflow', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_gap_that_batch_scoring_refuses_is_refused_before_anything_is_sent(server):
    with RestClient(server.url, needed=("distance",)) as client:
        with pytest.raises(SchemaError, match=r"distance in 1 of 3 rows"):
            client.predict(ROWS)
        assert server.requests == []
        assert len(client.predict(ROWS.dropna())) == 2


class OneAnswerEach:
    """A server that closes every connection without a word when it is asked a second time."""

    def __init__(self, answers=1):
        self.connections = 0
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                for _ in range(self._answers):
                    connection.recv(65_536)
                    body = json.dumps(probabilities(3)).encode()
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
                    connection.sendall(head.encode() + body)
                connection.recv(65_536)

    def close(self):
        self._socket.close()


@pytest.mark.parametrize(("answers", "asked"), [(1, 2), (0, 1)])
def test_a_kept_connection_that_was_closed_is_asked_again_a_new_one_is_not(answers, asked):
    server = OneAnswerEach(answers)
    try:
        with RestClient(server.url) as client:
            for _ in range(asked):
                if answers:
                    assert len(client.predict(ROWS)) == 3
                else:
                    with pytest.raises(EndpointError, match="broke off"):
                        client.predict(ROWS)
        assert server.connections == asked
    finally:
        server.close()
