"""What a scoring server printed: its last lines, and why it ended in one sentence."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from core.scoring.wording import as_sentence

_TAIL_BYTES = 262_144
_REASON_LINES = 200

_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Za-z]\w*(?:Error|Exception)(?:: (?P<said>.*))?")
_COMPLAINTS = (
    re.compile(r"ERROR:\s+(?P<said>.+)"),
    re.compile(r"bash: (?:line \d+: )?(?P<said>.+)"),
    re.compile(r"\S+: (?P<said>No module named .+)"),
)
# MLflow's last words on any failure of the server below it; the cause stands further up.
_WRAPPER = re.compile(r"Exception: Command .* Return code = (-?\d+)")


def tail(log_file: Path, lines: int) -> str:
    """The last ``lines`` lines, without a newline at the end; empty where there is no log."""
    try:
        with log_file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _TAIL_BYTES))
            text = stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:]) if lines > 0 else ""


def reason(log_file: Path) -> str:
    """Why a dead server ended: the last error in its log, or a guess from how it ended."""
    lines = [line.strip() for line in tail(log_file, _REASON_LINES).splitlines() if line.strip()]
    for line in reversed(lines):
        if said := _complaint(line):
            return said
    return _how_it_ended(lines)


def _complaint(line: str) -> str:
    if _WRAPPER.fullmatch(line):
        return ""
    if _EXCEPTION.fullmatch(line):
        return as_sentence(line)
    found = next((match for pattern in _COMPLAINTS if (match := pattern.fullmatch(line))), None)
    return as_sentence(found["said"]) if found else ""


def _how_it_ended(lines: list[str]) -> str:
    endings = [match for line in lines if (match := _WRAPPER.fullmatch(line))]
    code = int(endings[-1][1]) if endings else None
    if code is not None and code < 0 and -code in {int(known) for known in signal.Signals}:
        name = signal.Signals(-code).name
        return f"it was ended from outside with {name} (SIGKILL often means: out of memory)."
    return "its log gives no reason; it was ended from outside, or the machine was restarted."
