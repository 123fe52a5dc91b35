"""Scoring a file: see how it fits, mend names at a click, press Score."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from core.services import scoring, scoring_jobs
from core.services.scoring import FileCheck, Order, Version
from core.ui import parts, scoring_background, scoring_result, scoring_source
from core.ui.frame import Page
from core.ui.scoring_source import Source
from core.ui.words import escape


def show(page: Page, version: Version) -> None:
    """The choice of file, the check, the button, what runs, and the latest result."""
    with st.container(border=True), parts.guarded("read the file"):
        source = scoring_source.choose(page)
        if source is not None:
            renames = _renames(page, source)
            check = _checked(page, source, renames)
            _fit(page, source, check, renames)
            _press(page, version, source, check, renames)
    scoring_background.show(page)
    result = st.session_state.get(_result_key(page)) or scoring_background.chosen(page)
    if result is not None:
        scoring_result.show(page, result)


def _renames(page: Page, source: Source) -> dict[str, str]:
    """Columns of this file and the needed ones that somebody said they are."""
    key = f"scoring-renames-{page.project}"
    token, renames = st.session_state.get(key, (None, {}))
    if token != source.token:
        renames = {}
        st.session_state[key] = (source.token, renames)
    return dict(renames)


def _rename(page: Page, source: Source, renames: dict[str, str]) -> None:
    st.session_state[f"scoring-renames-{page.project}"] = (source.token, renames)


def _checked(page: Page, source: Source, renames: dict[str, str]) -> FileCheck:
    """How the file fits, looked at once for each file."""
    key = f"scoring-check-{page.project}"
    wanted = (source.token, page.spec.digest, tuple(sorted(renames.items())))
    token, check = st.session_state.get(key, (None, None))
    if token != wanted or check is None:
        with st.spinner(f"Reading {source.name}"), source.opened(page) as path:
            check = scoring.check_file(page.settings, page.project, path, renames)
        st.session_state[key] = (wanted, check)
    return check


def _fit(page: Page, source: Source, check: FileCheck, renames: dict[str, str]) -> None:
    """The diff of columns in plain words, with a button for the likely renames."""
    if check.fits:
        labels = "with a label column" if check.has_target else "without labels"
        st.markdown(
            f":green[:material/check_circle:] **{_counted(check.rows, 'row')}** {labels}; "
            "every column that the model needs is there."
        )
    else:
        _misfit(page, source, check, renames)
    if renames:
        with st.container(horizontal=True, vertical_alignment="center"):
            read = (f"`{found}` as `{needed}`" for found, needed in renames.items())
            st.caption(f"This file only: {', '.join(read)}.")
            st.button(
                "Undo the renames",
                type="tertiary",
                key="scoring-undo",
                on_click=_rename,
                args=(page, source, {}),
            )
    _preview(page, check)


def _misfit(page: Page, source: Source, check: FileCheck, renames: dict[str, str]) -> None:
    likely = dict(check.diff.renames)
    lines = [
        f"- missing `{name}`" + (f": is it `{likely[name]}`?" if name in likely else "")
        for name in check.diff.missing
    ]
    lines += [f"- wrong type: {escape(words)}" for words in check.wrong.values()]
    st.warning(
        f"{escape(source.name)} does not fit in {_counted(len(lines), 'column')} that the model "
        "needs:\n\n" + "\n".join(lines),
        icon=":material/edit_note:",
    )
    if likely:
        found = {extra: needed for needed, extra in likely.items()}
        st.button(
            f"Read {', '.join(found)} as {', '.join(found.values())}",
            icon=":material/drive_file_rename_outline:",
            key="scoring-rename",
            help="For this file only; the record in MLflow says so. The scored file keeps the "
            "file's own names.",
            on_click=_rename,
            args=(page, source, {**renames, **found}),
        )


def _preview(page: Page, check: FileCheck) -> None:
    used = {page.spec.target.column, *dict(check.diff.renames).values()}
    unused = [name for name in check.diff.extra if name not in used]
    with st.expander("First rows of the file"):
        if unused:
            named = ", ".join(unused[:30]) + (" …" if len(unused) > 30 else "")
            st.caption(
                f"{_counted(len(unused), 'column')} more that the model does not use; the scored "
                f"file keeps them: {escape(named)}."
            )
        st.dataframe(check.preview, hide_index=True)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _press(
    page: Page, version: Version, source: Source, check: FileCheck, renames: dict[str, str]
) -> None:
    large = scoring_jobs.is_large(page.settings, check.rows)
    why_not = None if check.fits else "Columns do not fit, see above."
    score = f"Score {_counted(check.rows, 'row')} with v{version.version}"
    with st.container(horizontal=True, vertical_alignment="center"):
        now = not large and st.button(
            score,
            type="primary",
            icon=":material/bolt:",
            disabled=why_not is not None,
            help=why_not or "Every row is logged.",
            key="score-file",
        )
        later = st.button(
            score if large else "In the background",
            type="primary" if large else "secondary",
            icon=":material/schedule_send:",
            disabled=why_not is not None,
            help=why_not or "It goes on when you leave the page; you find it again here.",
            key="score-background",
        )
        if large:
            st.caption(
                f"More than {page.settings.background_rows:,} rows are scored in the background."
            )
    underway = f"scoring-underway-{page.project}"
    left = st.session_state.pop(underway, None)
    if left is not None and not now:
        _interrupted(page, left)
    if later:
        with parts.guarded("start scoring in the background"):
            scoring_jobs.submit(
                page.settings, _order(page, version, source.kept(page), source, renames)
            )
            st.session_state[_result_key(page)] = None
            st.toast("Scoring has started; you may leave.", icon=":material/schedule_send:")
    if now:
        st.session_state[_result_key(page)] = None
        reached: list[scoring.FileResult] = []
        st.session_state[underway] = reached  # stays only if the script is interrupted
        with parts.guarded("score the file"):
            _score(page, version, source, renames, reached)
            st.session_state[_result_key(page)] = reached[0]
            scoring_background.leave(page)
            if "note" not in reached[0].summary:
                st.toast("Scored and logged.", icon=":material/check:")
        del st.session_state[underway]


def _interrupted(page: Page, reached: list[scoring.FileResult]) -> None:
    """Say what came of a scoring whose script did not go on to its end; ``reached``, if it did."""
    if reached:
        st.session_state[_result_key(page)] = reached[0]
        scoring_background.leave(page)
        return
    st.info("Scoring was stopped before its end; nothing was logged.", icon=":material/stop:")


def _order(
    page: Page, version: Version, path: Path, source: Source, renames: dict[str, str]
) -> Order:
    return Order(
        project=page.project,
        source=path,
        out=scoring.output_path(page.settings, page.project, source.name),
        model=version.version,
        shown_as=source.name,
        renames=renames,
    )


def _score(
    page: Page,
    version: Version,
    source: Source,
    renames: dict[str, str],
    reached: list[scoring.FileResult],
) -> None:
    """Score with a bar and a way to stop; the result is in ``reached`` before anything else is.

    Whatever touches the page or its state from then on may be where an interruption strikes.
    """
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, f"Scoring {source.name}")
        # Any press interrupts the script at its next sign of progress; nothing is logged then.
        st.button("Stop", icon=":material/stop:", key="score-stop", help="Nothing is logged then.")
    begun = time.perf_counter()

    def progress(done: int, total: int) -> None:
        pace = done / max(time.perf_counter() - begun, 1e-9)
        bar.progress(
            min(done / max(total, 1), 1.0), f"{done:,} of {total:,} rows, {pace:,.0f} rows/s"
        )

    try:
        with source.opened(page) as path:
            order = _order(page, version, path, source, renames)
            reached.append(
                scoring.score_file(
                    page.settings,
                    page.project,
                    path,
                    order.out,
                    model=order.model,
                    shown_as=order.shown_as,
                    renames=order.renames,
                    on_progress=progress,
                )
            )
    finally:
        place.empty()


def _result_key(page: Page) -> str:
    return f"scoring-result-{page.project}"
