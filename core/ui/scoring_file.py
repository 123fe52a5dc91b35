"""Scoring a file: choose it, see how it fits, press Score."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.services import scoring, uploads
from core.services.scoring import FileCheck, Version
from core.ui import parts, scoring_result
from core.ui.frame import Page
from core.ui.words import escape

_OWN = "own"
_PROJECTS = "project"


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


def show(page: Page, version: Version) -> None:
    """The choice of file, the check, the button, and the latest result."""
    with st.container(border=True), parts.guarded("read the file"):
        source = _choose(page)
        check = _checked(page, source) if source is not None else None
        if source is not None and check is not None:
            _fit(check, source, page.spec.target.column)
            _press(page, version, source, check)
    result = st.session_state.get(_result_key(page))
    if result is not None:
        scoring_result.show(page, result)


def _choose(page: Page) -> Source | None:
    own = scoring.production_file(page.settings, page.project)
    if own is not None:
        chosen = st.radio(
            "File",
            [_PROJECTS, _OWN],
            format_func={
                _PROJECTS: f"The project's production file, {own.name}",
                _OWN: "Upload another",
            }.__getitem__,
            horizontal=True,
            key=f"scoring-source-{page.project}",
        )
        if chosen == _PROJECTS:
            return Source(own.name, f"{own}:{own.stat().st_mtime_ns}", path=own)
    given = st.file_uploader(
        "Production file (parquet or CSV)",
        type=["parquet", "csv"],
        key=f"scoring-upload-{page.project}",
        help=f"Needed columns: {', '.join(page.spec.raw_columns)}. Labels in "
        f"{page.spec.target.column} are used to measure, where there are any.",
    )
    if given is None:
        st.button(
            "Score", type="primary", disabled=True, help="Choose a file first.", key="score-none"
        )
        return None
    return Source(given.name, given.file_id, upload=given)


def _checked(page: Page, source: Source) -> FileCheck:
    """How the file fits, looked at once for each file."""
    key = f"scoring-check-{page.project}"
    token, check = st.session_state.get(key, (None, None))
    if token != (source.token, page.spec.digest) or check is None:
        with st.spinner(f"Reading {source.name}"), source.opened(page) as path:
            check = scoring.check_file(page.settings, page.project, path)
        st.session_state[key] = ((source.token, page.spec.digest), check)
    return check


def _fit(check: FileCheck, source: Source, target: str) -> None:
    """The diff of columns in plain words."""
    likely = dict(check.diff.renames)
    if check.diff.fits:
        labels = "with a label column" if check.has_target else "without labels"
        st.markdown(
            f":green[:material/check_circle:] **{_counted(check.rows, 'row')}** {labels}; "
            "every column that the model needs is there."
        )
    else:
        lines = [
            f"- `{name}`"
            + (f": is it `{likely[name]}`? Rename that column." if name in likely else "")
            for name in check.diff.missing
        ]
        st.warning(
            f"{escape(source.name)} lacks {_counted(len(lines), 'column')} that the model needs:"
            "\n\n" + "\n".join(lines),
            icon=":material/edit_note:",
        )
    used = {target, *likely.values()}
    unused = [name for name in check.diff.extra if name not in used]
    with st.expander("First rows of the file"):
        if unused:
            st.caption(
                f"{_counted(len(unused), 'column')} more that the model does not use; the scored "
                f"file keeps them: {escape(', '.join(unused))}."
            )
        st.dataframe(check.preview.head(20), hide_index=True)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _press(page: Page, version: Version, source: Source, check: FileCheck) -> None:
    fits = check.diff.fits
    pressed = st.button(
        f"Score {_counted(check.rows, 'row')} with v{version.version}",
        type="primary",
        icon=":material/bolt:",
        disabled=not fits,
        help="Every row is logged." if fits else "Columns are missing, see above.",
        key="score-file",
    )
    underway = f"scoring-underway-{page.project}"
    if st.session_state.pop(underway, False) and not pressed:
        st.info("Scoring was stopped before its end; nothing was logged.", icon=":material/stop:")
    if pressed:
        st.session_state[_result_key(page)] = None
        st.session_state[underway] = True  # stays only if the script is interrupted
        with parts.guarded("score the file"):
            st.session_state[_result_key(page)] = _scored(page, version, source)
            st.toast("Scored and logged.", icon=":material/check:")
        del st.session_state[underway]


def _scored(page: Page, version: Version, source: Source) -> scoring.FileResult:
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, f"Scoring {source.name}")
        # Any press interrupts the script at its next sign of progress; nothing is logged then.
        st.button("Stop", icon=":material/stop:", key="score-stop", help="Nothing is logged then.")

    def progress(done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), f"{done:,} of {total:,} rows")

    try:
        with source.opened(page) as path:
            return scoring.score_file(
                page.settings,
                page.project,
                path,
                scoring.output_path(page.settings, page.project, source.name),
                model=version.version,
                shown_as=source.name,
                on_progress=progress,
            )
    finally:
        place.empty()


def _result_key(page: Page) -> str:
    return f"scoring-result-{page.project}"
