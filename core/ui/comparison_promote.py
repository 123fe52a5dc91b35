"""Who is in charge: promote a version, or roll back to the champion before."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services import comparison
from core.services.comparison import Version
from core.ui import parts
from core.ui.frame import Page

_ROLES = {"champion": "Champion", "challenger": "Challenger"}
_SAID = "courtside_promoted"
_COUNT = "courtside_promotions"


def show(
    page: Page, versions: Sequence[Version], champion: Version | None, chosen: Sequence[Version]
) -> None:
    """The form to promote, the button to roll back, and word of what the last press did."""
    st.subheader("Who is in charge", anchor=False)
    done = st.session_state.pop(_SAID, None)
    if done:
        st.success(done, icon=":material/check_circle:")
    with st.container(border=True), parts.guarded("move the alias"):
        number, alias, reason = _wanted(page, versions, chosen)
        with st.container(horizontal=True, vertical_alignment="center"):
            _promote(page, versions, number, alias, reason)
            _roll_back(page, versions, champion)


def _wanted(
    page: Page, versions: Sequence[Version], chosen: Sequence[Version]
) -> tuple[str, str, str]:
    """Version, alias and reason as chosen; the best challenger compared is offered."""
    labels = {version.version: version.label for version in versions}
    challengers = [version for version in chosen if not version.is_champion] or versions[:1]
    offered = max(challengers, key=_roc_auc).version
    which, role = st.columns([3, 2], vertical_alignment="bottom")
    number = which.selectbox(
        "Version",
        list(labels),
        index=list(labels).index(offered),
        format_func=labels.__getitem__,
        key=f"promote-version-{page.project}-{offered}",
    )
    alias = role.segmented_control(
        "Make it",
        list(_ROLES),
        default="champion",
        required=True,
        format_func=_ROLES.__getitem__,
        key=f"promote-alias-{page.project}",
        help="The champion answers in production; a challenger is marked as the next candidate.",
    )
    reason = st.text_input(
        "Reason (optional)",
        max_chars=300,
        placeholder="Why, for those who ask later",
        # A reason belongs to one promotion: the next one starts empty.
        key=f"promote-reason-{page.project}-{st.session_state.get(_COUNT, 0)}",
    )
    return number, alias or "champion", reason.strip()


def _roc_auc(version: Version) -> float:
    return version.metrics.get("test_roc_auc", 0.0)


def _promote(page: Page, versions: Sequence[Version], number: str, alias: str, reason: str) -> None:
    labels = {version.version: version.label for version in versions}
    held = any(v.version == number and alias in v.aliases for v in versions)
    pressed = st.button(
        "Promote",
        type="primary",
        icon=":material/trophy:",
        key=f"promote-{page.project}",
        disabled=held,
        help=f"{labels[number]} is {alias} already." if held else None,
    )
    if pressed:
        _move(page, labels, number, alias, reason)


def _roll_back(page: Page, versions: Sequence[Version], champion: Version | None) -> None:
    before = comparison.previous_champion(page.settings, page.project)
    labels = {version.version: version.label for version in versions}
    if before is None or before not in labels or champion is None:
        st.caption("Nothing to roll back to yet.")
        return
    pressed = st.button(
        f"Roll back to v{before}",
        key=f"roll-back-{page.project}",
        icon=":material/undo:",
        help=f"{champion.label} took over from {labels[before]}; this puts it back.",
    )
    if pressed:
        _move(page, labels, before, "champion", f"rolled back from v{champion.version}")


def _move(page: Page, labels: dict[str, str], number: str, alias: str, reason: str) -> None:
    """Move the alias and draw the page again with word of it, now that all else has changed."""
    result = comparison.promote(page.settings, page.project, number, alias, reason)
    previous = result["previous"]
    said = f"{labels[number]} is {alias} now"
    if previous and previous in labels and previous != number:
        said += f", in place of {labels[previous]}"
    st.session_state[_SAID] = f"{said}."
    st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
    st.toast(f"{said}.", icon=":material/check:")
    st.rerun()
