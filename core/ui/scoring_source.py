"""Choosing the file to score: the project's own, one that lies on the server, or an upload."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.services import scoring, uploads
from core.services.uploads import ServerFile
from core.ui import parts
from core.ui.frame import Page

_TYPES = ["parquet", "csv", "gz", "zst"]
_PROJECTS, _SERVER, _UPLOAD = "project", "server", "upload"


@dataclass(frozen=True)
class Source:
    """A production file that was chosen: an upload, or a file on the server.

    ``token`` changes with the content.
    """

    name: str
    token: str
    path: Path | None = None
    upload: Any = None

    @contextmanager
    def opened(self, page: Page) -> Iterator[Path]:
        """The file on disk, for the length of the block."""
        if self.path is not None:
            yield self.path
            return
        with uploads.received(page.settings, page.project, self.name, self.upload) as path:
            yield path

    def kept(self, page: Page) -> Path:
        """The file on disk for as long as a background job needs it."""
        if self.path is not None:
            return self.path
        return uploads.keep(page.settings, page.project, self.name, self.upload)


def choose(page: Page) -> Source | None:
    """The file that stands in the choice, or None until there is one."""
    own = scoring.production_file(page.settings, page.project)
    listed = uploads.on_server(page.settings, page.project)
    others = [file for file in listed if own is None or file.path != own]
    ways = {
        **({_PROJECTS: f"The project's production file, {own.name}"} if own else {}),
        **({_SERVER: "A file on the server"} if others else {}),
        _UPLOAD: "Upload another" if own or others else "Upload",
    }
    way = _UPLOAD
    if len(ways) > 1:
        way = st.radio(
            "File",
            list(ways),
            format_func=ways.__getitem__,
            horizontal=True,
            key=f"scoring-source-{page.project}",
        )
    if way == _PROJECTS and own is not None:
        if parts.is_empty_file(own.name, own.stat().st_size):
            return None
        return Source(own.name, f"{own}:{own.stat().st_mtime_ns}", path=own)
    if way == _SERVER:
        return _on_server(page, others)
    return _uploaded(page)


def _on_server(page: Page, files: list[ServerFile]) -> Source | None:
    by_key = {file.key: file for file in files}

    def words(key: str) -> str:
        file = by_key[key]
        return f"{key} · {file.size_bytes / 1e6:,.1f} MB"

    key = st.selectbox(
        "File on the server",
        list(by_key),
        format_func=words,
        key=f"scoring-server-{page.project}",
        help=f"Tables in `{_inbox(page)}` and in the project's 01_raw. Copy a large file into "
        "the inbox and it appears here.",
    )
    file = uploads.chosen(page.settings, page.project, key)
    if parts.is_empty_file(file.name, file.size_bytes):
        return None
    return Source(file.name, f"{file.path}:{file.changed_ns}:{file.size_bytes}", path=file.path)


def _uploaded(page: Page) -> Source | None:
    given = st.file_uploader(
        "Production file (parquet or CSV, also packed as .gz or .zst)",
        type=_TYPES,
        key=f"scoring-upload-{page.project}",
        help=f"Needed columns: {', '.join(page.spec.raw_columns)}. Labels in "
        f"{page.spec.target.column} are used to measure, where there are any. A file too large to "
        f"upload can be put into `{_inbox(page)}` on the server.",
    )
    if given is not None:
        if parts.is_empty_file(given.name, given.size):
            return None
        return Source(given.name, given.file_id, upload=given)
    st.button("Score", type="primary", disabled=True, help="Choose a file first.", key="score-none")
    return None


def _inbox(page: Page) -> str:
    return str(page.settings.inbox(page.project).relative_to(page.settings.home))
