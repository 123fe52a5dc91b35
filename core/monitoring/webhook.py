"""Telling a webhook: one POST of JSON, time-limited, tried again with growing pauses.

The address may hold a secret (chat services put one into the path), so no message, log or file
written here repeats it.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, InvalidURL
from typing import Any

from core.monitoring.alert_book import AlertBook, KeptAlert

TRIES = 3
TIMEOUT_SECONDS = 5.0
PAUSE_SECONDS = 1.0  # doubled after each try
_WORTH_ANOTHER_TRY = (408, 425, 429)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET without its body: take the answer as a failure."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def post(
    url: str,
    content: Mapping[str, Any],
    tries: int = TRIES,
    timeout_seconds: float = TIMEOUT_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Send ``content`` as JSON; returns "" once a server took it, else why not, in words.

    Refused (4xx) is final; no answer, too late and 5xx are tried again, ``tries`` times in all.
    """
    body = json.dumps(content, allow_nan=False).encode("utf-8")
    failure = ""
    for attempt in range(tries):
        if attempt:
            sleep(pause_seconds * 2 ** (attempt - 1))
        failure, final = _once(url, body, timeout_seconds)
        if not failure or final:
            return failure
    return f"{failure}, tried {tries} times"


def _once(url: str, body: bytes, timeout_seconds: float) -> tuple[str, bool]:
    """Why it failed ("" if it did not) and whether trying again is of no use."""
    try:
        request = urllib.request.Request(
            url, data=body, headers={"Content-Type": "application/json"}, method="POST"
        )
        opener = urllib.request.build_opener(_NoRedirects)
        with opener.open(request, timeout=timeout_seconds):
            return "", True
    except urllib.error.HTTPError as exc:
        exc.close()
        return f"the server answered {exc.code}", not (
            exc.code >= 500 or exc.code in _WORTH_ANOTHER_TRY
        )
    except TimeoutError:
        return f"no answer within {timeout_seconds:g} s", False
    except (urllib.error.URLError, OSError) as exc:
        reason = getattr(exc, "reason", exc)
        late = isinstance(reason, TimeoutError)
        return f"no answer within {timeout_seconds:g} s" if late else "no connection", False
    except (ValueError, InvalidURL):  # the address itself; its text must not be repeated
        return "the address cannot be used", True
    except HTTPException:
        return "the answer was not HTTP", False


def message(project: str, title: str, verdict: str, alerts: list[KeptAlert]) -> dict[str, Any]:
    """What is sent: ``text`` is what chat services show, the rest is for programs."""
    lines = [f"{title}: {verdict}", *(f"[{one.level}] {one.message}" for one in alerts)]
    return {
        "text": "\n".join(lines),
        "project": project,
        "verdict": verdict,
        "alerts": [
            {
                "id": one.alert_id,
                "rule": one.rule,
                "level": one.level,
                "message": one.message,
                "version": one.version,
                "run_id": one.run_id,
                "opened_at": one.opened_at.isoformat(),
            }
            for one in alerts
        ],
    }


def tell(
    book: AlertBook,
    url: str,
    project: str,
    title: str,
    verdict: str,
    quiet_hours: float,
    again: bool = False,
    **how: Any,
) -> str:
    """Tell what the book has to tell, and keep there whether it was; returns why not, or "".

    ``again``: only what could not be told before and whose pause is over.
    """
    with book.telling() as mine:
        untold = book.due if again else book.pending
        pending = untold(quiet_hours) if mine and url else []
        if not pending:
            return ""
        failure = post(url, message(project, title, verdict, pending), **how)
        if failure:
            book.not_announced(pending, failure)
        else:
            book.announced(pending)
    return failure


def tell_in_background(*arguments: Any, **how: Any) -> threading.Thread:
    """``tell`` beside whatever goes on: no page waits, and a terminal's process ends after it."""
    thread = threading.Thread(target=tell, args=arguments, kwargs=how, name="webhook")
    thread.start()
    return thread
