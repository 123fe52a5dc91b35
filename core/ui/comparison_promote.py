"""Who is in charge: what a version must show, the decision with its reason, the way back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services import promotion
from core.services.comparison import Version, comparable, judged
from core.services.promotion import Entry, Gate, Item
from core.settings import Settings
from core.ui import cached, comparison_choice, parts
from core.ui.frame import Page
from core.ui.words import ago, escape, exact

_ROLES = {"champion": "Champion", "challenger": "Challenger"}
_SAID = "courtside_promoted"
_COUNT = "courtside_promotions"
_SEEN = "courtside_promotion_seen"
_SHOWN = 20
# A paragraph an item, whose further lines stand under its words and not under its sign.
_ITEMS_STYLE = (
    "<style>.st-key-gate-items p {margin-bottom: .2rem; padding-left: 1.2rem; "
    "text-indent: -1.2rem} .st-key-gate-items p * {text-indent: 0} "
    ".st-key-gate-items p:last-child {margin-bottom: 1rem}</style>"
)


def show(
    page: Page, versions: Sequence[Version], champion: Version | None, chosen: Sequence[Version]
) -> None:
    """The gate, the form to promote, the button to roll back, and the log of what was decided."""
    st.subheader("Who is in charge", anchor=False)
    done = st.session_state.pop(_SAID, None)
    if done:
        st.success(done, icon=":material/check_circle:")
    with st.container(border=True), parts.guarded("move the alias"):
        number, alias = _wanted(page, versions, chosen)
        gate = None
        with parts.guarded("hold it against the gate"):
            gate = _gate(page, number, champion)
            _items(gate)
        reason = _reason(page, gate)
        with st.container(horizontal=True, vertical_alignment="center"):
            _promote(page, versions, number, alias, reason, gate)
            _roll_back(page, versions, champion)
    with parts.guarded("read the promotions"):
        _log(page)


def _wanted(page: Page, versions: Sequence[Version], chosen: Sequence[Version]) -> tuple[str, str]:
    """Version and alias as chosen; the best challenger compared is offered."""
    labels = {version.version: comparison_choice.offered(version) for version in versions}
    registered = [version for version in chosen if version.registered]
    others = [version for version in registered if not version.is_champion]
    new = [version for version in others if version.reproduces is None]
    offered = _offered(new or others or versions[:1]).version
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
    return number, alias or "champion"


def _offered(versions: Sequence[Version]) -> Version:
    """The challenger; else the best in ROC AUC, or the newest where that is of different rows."""
    for version in versions:
        if version.is_challenger:
            return version
    found = {version.version: judged(version) for version in versions}
    if comparable(list(found.values())):
        return max(versions, key=lambda one: found[one.version].metrics.get("roc_auc", 0.0))
    return max(versions, key=lambda one: int(one.version))


def _gate(page: Page, number: str, champion: Version | None) -> Gate:
    return _judged(
        page.settings,
        page.project,
        number,
        champion.version if champion else "",
        (
            cached.holdout_token(page.settings, page.project),
            page.spec.digest,
        ),
    )


@st.cache_data(show_spinner="Holding it against the gate", max_entries=100)
def _judged(
    settings: Settings, project: str, number: str, champion: str, token: tuple[int, str]
) -> Gate:
    return promotion.gate(settings, project, number)


def _items(gate: Gate) -> None:
    """Pass or fail, item by item, each with its figure and its limit."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if gate.passed:
            st.badge("passes the gate", icon=":material/verified:", color="green")
        else:
            st.badge("does not pass the gate", icon=":material/block:", color="red")
        st.caption(f"judged on the {gate.rows:,} {gate.where}")
    lines = [
        f"{_sign(item)} **{escape(item.name)}**: {escape(item.found)} :gray[({escape(item.limit)})]"
        for item in gate.items
    ]
    st.html(_ITEMS_STYLE)
    with st.container(key="gate-items"):
        st.markdown("\n\n".join(lines))


def _sign(item: Item) -> str:
    if not item.counts:
        return ":gray[:material/info:]"
    return ":green[:material/check:]" if item.passed else ":red[:material/close:]"


def _reason(page: Page, gate: Gate | None) -> str:
    needed = gate is None or not gate.passed
    return st.text_input(
        "Reason (needed: the gate is not passed)" if needed else "Reason (optional)",
        max_chars=300,
        placeholder="Why, for those who ask later",
        # A reason belongs to one promotion: the next one starts empty.
        key=f"promote-reason-{page.project}-{st.session_state.get(_COUNT, 0)}",
    ).strip()


def _promote(
    page: Page,
    versions: Sequence[Version],
    number: str,
    alias: str,
    reason: str,
    gate: Gate | None,
) -> None:
    labels = {version.version: version.label for version in versions}
    version = next(one for one in versions if one.version == number)
    why_not = version.why_not
    if gate is not None and not gate.usable:
        why_not = f"{labels[number]} cannot be used: it does not score."
    if alias in version.aliases:
        why_not = f"{labels[number]} is {alias} already."
    holder = next((v.version for v in versions if alias in v.aliases), None)
    pressed = st.button(
        "Promote",
        type="primary",
        icon=":material/trophy:",
        key=f"promote-{page.project}",
        disabled=why_not is not None,
        help=why_not,
        on_click=_remember,
        args=(number, holder),
    )
    if not pressed:
        return
    wanted, seen = st.session_state.pop(_SEEN)
    if not reason and (gate is None or not gate.passed):
        st.warning(
            "The gate is not passed: say why it is promoted all the same.",
            icon=":material/edit_note:",
        )
        return
    result = promotion.promote(
        page.settings, page.project, wanted, alias, reason, seen, insist_on_reason=True
    )
    _tell(labels, result)


def _remember(number: str, holder: str | None) -> None:
    """What the user saw when pressing: by the time it is acted on, the page reads anew."""
    st.session_state[_SEEN] = (number, holder)


def _roll_back(page: Page, versions: Sequence[Version], champion: Version | None) -> None:
    before = cached.displaced(page.settings, page.project)
    labels = {version.version: version.label for version in versions}
    if before is None or before not in labels or champion is None:
        st.caption("Nothing to roll back to yet.")
        return
    pressed = st.button(
        f"Roll back to v{before}",
        key=f"roll-back-{page.project}",
        icon=":material/undo:",
        help=f"{champion.label} took over from {labels[before]}; this puts it back.",
        on_click=_remember,
        args=(before, champion.version),
    )
    if pressed:
        _, seen = st.session_state.pop(_SEEN)
        _tell(labels, promotion.roll_back(page.settings, page.project, seen))


def _tell(labels: dict[str, str], result: dict[str, object]) -> None:
    """Draw the page again with word of the move, now that all else has changed."""
    number, previous = str(result["version"]), result["previous"]
    said = f"{labels[number]} is {result['alias']} now"
    if previous and previous in labels and previous != number:
        said += f", in place of {labels[str(previous)]}"
    st.session_state[_SAID] = f"{said}."
    st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
    st.toast(f"{said}.", icon=":material/check:")
    st.rerun()


def _log(page: Page) -> None:
    entries = _entries(page.settings, page.project, cached.token(page.settings, page.project))
    if not entries:
        return
    with st.expander(f"Promotions on record ({len(entries)})", icon=":material/history:"):
        st.dataframe(
            [
                {
                    "when": ago(entry.when),
                    "exactly": exact(entry.when),
                    "who": entry.who or "not known",
                    "role": entry.alias,
                    "to": f"v{entry.version}",
                    "from": f"v{entry.previous}" if entry.previous else "–",
                    "gate": entry.gate,
                    "why": entry.reason or "–",
                    "evidence (run)": entry.run_id[:8],
                }
                for entry in entries[:_SHOWN]
            ],
            hide_index=True,
            height="content",
            key="promotions",
        )


@st.cache_data(show_spinner=False, max_entries=50)
def _entries(settings: Settings, project: str, written: tuple[int, ...]) -> list[Entry]:
    return promotion.log(settings, project)
