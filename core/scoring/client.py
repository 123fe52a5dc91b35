"""Scoring over REST: raw columns to an MLflow scoring server, probabilities back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from core.errors import EndpointError, SchemaError
from core.scoring import payload, refusals
from core.scoring.wording import as_sentence

if TYPE_CHECKING:
    import pandas as pd
    import requests

_START_IT = "start it on the production scoring page or with `python -m core serve`"
_NOT_A_SCORING_SERVER = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
)


class RestClient:
    """One connection to an endpoint; every failure is an EndpointError that says what to do.

    ``timeout_seconds`` is (to connect, between two bytes of an answer). A ``session`` that is
    given is used as it is and not closed. ``needed``: columns that every row must have a value
    in. Use it as a context manager, or ``close()`` it.
    """

    def __init__(
        self,
        url: str,
        timeout_seconds: tuple[float, float] = (3, 60),
        session: requests.Session | None = None,
        rows_per_request: int = 20_000,
        needed: Sequence[str] = (),
    ) -> None:
        if rows_per_request < 1:
            raise ValueError(f"rows_per_request must be 1 or more, found {rows_per_request}")
        self.url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._rows_per_request = rows_per_request
        self._needed = tuple(needed)
        self._owns_session = session is None
        self._session = session or _new_session(self.url)
        self._was_answered = False

    def __enter__(self) -> RestClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        if self._owns_session:
            self._session.close()

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Probability of the positive class, shape (n,), for raw columns, shape (n, columns).

        Sent in requests of ``rows_per_request`` rows; all of them succeed, or EndpointError.
        No rows need no server. SchemaError, and nothing is sent, where a needed value is missing:
        the model would fill it with training's median, and batch scoring refuses such a row.
        """
        refuse_gaps(frame, self._needed)
        if 0 < len(frame) <= self._rows_per_request:
            return self._predict_piece(frame)
        pieces = [
            self._predict_piece(frame.iloc[first : first + self._rows_per_request])
            for first in range(0, len(frame), self._rows_per_request)
        ]
        return np.concatenate(pieces) if pieces else np.empty(0)

    def _predict_piece(self, frame: pd.DataFrame) -> np.ndarray:
        content = self._request("POST", "/invocations", payload.encode(frame))
        return payload.decode(content, len(frame))

    def ping(self) -> bool:
        """Whether the endpoint says that it is healthy; False for every kind of failure."""
        try:
            self._request("GET", "/ping")
        except EndpointError:
            return False
        return True

    def version(self) -> str:
        """The version of MLflow that serves, e.g. "3.17.2"; raises EndpointError."""
        return self._request("GET", "/version").decode("utf-8", errors="replace").strip()

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        import requests

        try:
            response = self._ask(method, path, body)
        except requests.RequestException as exc:
            raise EndpointError(self._explain(exc)) from exc
        self._was_answered = True
        if response.status_code != HTTPStatus.OK:
            raise EndpointError(self._explain_status(response))
        return response.content

    def _ask(self, method: str, path: str, body: bytes | None) -> requests.Response:
        import requests

        try:
            return self._ask_once(method, path, body)
        except requests.ConnectionError as exc:
            if not self._was_answered or not _was_lost(exc):
                raise
            # The server closed a connection that was kept open, as one does that hands over to
            # the next version. Scoring changes nothing there, so asking again is safe.
            self._was_answered = False
            return self._ask_once(method, path, body)

    def _ask_once(self, method: str, path: str, body: bytes | None) -> requests.Response:
        return self._session.request(
            method,
            self.url + path,
            data=body,
            headers={"Content-Type": "application/json"} if body is not None else None,
            timeout=self._timeout_seconds,
            allow_redirects=False,  # a scoring server sends nobody elsewhere
        )

    def _explain(self, exc: requests.RequestException) -> str:
        connect, read = self._timeout_seconds
        return _sentence_for(exc).format(
            url=self.url, connect=connect, read=read, detail=" ".join(str(exc).split())[:200]
        )

    def _explain_status(self, response: requests.Response) -> str:
        status = response.status_code
        answered = f"The endpoint at {self.url} answered with HTTP {status}"
        body = _json_object(response)
        if status == HTTPStatus.GATEWAY_TIMEOUT:
            return f"{answered}: the rows took it longer than its limit. Send fewer rows at a time."
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            said = body.get("message") or response.text.strip() or "no reason given"
            return (
                f"{answered}, a fault of its own ({as_sentence(str(said))}) See the "
                "endpoint's log, then stop and start it."
            )
        if status in _NOT_A_SCORING_SERVER or status < HTTPStatus.BAD_REQUEST:
            return (
                f"{answered}: this is not a scoring server. Check the address, or stop whatever "
                f"uses the port and {_START_IT}."
            )
        return refusals.in_plain_words(body or {"message": response.text})


def refuse_gaps(frame: pd.DataFrame, needed: Sequence[str]) -> None:
    """Raise SchemaError if a row lacks a value in one of the ``needed`` columns."""
    gaps = {name: int(frame[name].isna().sum()) for name in needed if name in frame.columns}
    listed = [f"{name} in {count:,}" for name, count in gaps.items() if count]
    if listed:
        raise SchemaError(
            f"Needed values are missing ({', '.join(listed)} of {len(frame):,} rows), so nothing "
            "was sent. Fill them in or leave those rows out."
        )


@lru_cache(maxsize=1)
def explanations() -> dict[type[requests.RequestException], str]:
    """A sentence for every exception that requests can raise, the one place where they are mapped.

    A template of ``url``, ``connect`` and ``read`` (seconds) and ``detail`` (requests' own words).
    """
    from requests import exceptions as raised

    not_running = f"The endpoint at {{url}} is not running: {_START_IT}."
    connect_slow = (
        "The endpoint at {url} could not be connected to within {connect:g} s; check the address, "
        f"and if the endpoint is not running, {_START_IT}."
    )
    read_slow = (
        "The endpoint at {url} did not answer within {read:g} s; see its log, or send fewer rows "
        "at a time."
    )
    cut_off = (
        "The endpoint at {url} broke off in the middle of its answer ({detail}); see its log, and "
        f"if it has ended, {_START_IT}."
    )
    address = (
        "{url!r} is not an address of an endpoint ({detail}); one looks like http://127.0.0.1:5002."
    )
    request = "The request to {url} could not be made ({detail}); check the rows and try again."
    secure = "No secure connection to {url} ({detail}); an endpoint here speaks http, not https."
    return {
        raised.RequestException: "The endpoint at {url} could not be asked ({detail}); try again.",
        raised.ConnectionError: not_running,
        raised.ConnectTimeout: connect_slow,
        raised.Timeout: read_slow,
        raised.ReadTimeout: read_slow,
        raised.ChunkedEncodingError: cut_off,
        raised.ContentDecodingError: cut_off,
        raised.StreamConsumedError: cut_off,
        raised.HTTPError: "The endpoint at {url} answered with an error ({detail}); see its log.",
        raised.RetryError: "The endpoint at {url} failed again and again ({detail}); see its log.",
        raised.TooManyRedirects: "{url} leads from address to address; give the endpoint's own.",
        raised.ProxyError: (
            "The proxy on the way to {url} refused ({detail}); add the address to NO_PROXY."
        ),
        raised.SSLError: secure,
        raised.URLRequired: address,
        raised.InvalidURL: address,
        raised.MissingSchema: address,
        raised.InvalidSchema: address,
        raised.InvalidProxyURL: "The proxy in HTTP_PROXY has no valid address ({detail}); mend it.",
        raised.InvalidHeader: request,
        raised.InvalidJSONError: request,
        raised.JSONDecodeError: request,
        raised.UnrewindableBodyError: request,
    }


def _sentence_for(exc: requests.RequestException) -> str:
    from requests import exceptions as raised

    known = explanations()
    # requests has one class for "nobody there" and for a connection lost while reading.
    if type(exc) is raised.ConnectionError and not _was_refused(exc):
        return known[raised.ChunkedEncodingError if _was_lost(exc) else raised.ReadTimeout]
    return next(known[kind] for kind in type(exc).__mro__ if kind in known)


def _was_lost(exc: requests.RequestException) -> bool:
    """Whether a connection that stood was broken off, rather than refused or slow."""
    from requests import exceptions as raised

    slow = "timed out" in str(exc).lower()
    return type(exc) is raised.ConnectionError and not slow and not _was_refused(exc)


def _was_refused(exc: requests.RequestException) -> bool:
    from urllib3.exceptions import NewConnectionError

    cause = exc.args[0] if exc.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)


def _json_object(response: requests.Response) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _new_session(url: str) -> requests.Session:
    import requests

    session = requests.Session()
    # A proxy that the environment names for the outside world must not come between.
    session.trust_env = not _is_loopback(url)
    return session


def _is_loopback(url: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
