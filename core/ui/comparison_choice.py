"""Which versions and runs are compared: in the URL, so that a link can be shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.services.comparison import Version
from core.ui import cached, parts
from core.ui.frame import Page

_PARAMETER = "versions"
_CHALLENGERS_AT_FIRST = 3
# More than this on one chart cannot be told apart.
_CHALLENGERS_AT_MOST = 9
_STRAYS = (
    "Those named run-… are models that lie with a run of this project and are no version: logged "
    "by other code, or their version was deleted. Once chosen, one can be registered below."
)


def now_called(page: Page, before: str, now: str) -> None:
    """From the next run on, ``now`` stands where ``before`` was chosen: it has been registered."""
    st.session_state[f"{_key(page)}-renamed"] = (before, now)


def _key(page: Page) -> str:
    return f"compare-{page.project}"


def choose(
    page: Page,
    versions: Sequence[Version],
    champion: Version | None,
    strays: Sequence[Version] = (),
) -> list[Version]:
    """The champion, if there is one, and what was chosen beside it.

    ``strays``: models of runs that are not registered; offered after the versions, and chosen
    only by the user.
    """
    others = {v.version: v for v in versions if v is not champion}
    first = _at_first(page, list(others.values()), champion)
    if champion is None and not others:
        first = [stray.version for stray in strays][:_CHALLENGERS_AT_FIRST]
    others.update({stray.version: stray for stray in strays})
    key = _key(page)
    if key not in st.session_state:
        asked = [number for number in _in_url() if number in others]
        st.session_state[key] = (asked or first)[:_CHALLENGERS_AT_MOST]
    st.session_state[key] = _still_there(key, champion, others)
    if not others:
        st.info("Only one version so far; train another and it can challenge the champion.")
        parts.link("2_Training", page.project, "Train another")
        return list(versions)
    label = "Versions to compare"
    if champion is not None:
        label = f"Compare the champion, {champion.label}, with"
    chosen = st.multiselect(
        label,
        list(others),
        format_func=lambda number: offered(others[number]),
        key=key,
        max_selections=_CHALLENGERS_AT_MOST,
        placeholder="Choose versions",
        help=_STRAYS if strays else None,
    )
    if chosen == first or not chosen:
        st.query_params.pop(_PARAMETER, None)
    else:
        st.query_params[_PARAMETER] = ",".join(chosen)
    beside = [others[number] for number in chosen]
    return [champion, *beside] if champion is not None else beside or list(versions[:1])


def _at_first(page: Page, others: Sequence[Version], champion: Version | None) -> list[str]:
    """What stands beside the champion unless somebody chooses: the challenger; else the version
    that it took over from; else the newest, but none that was merely trained again.
    """
    challengers = [one.version for one in others if one.is_challenger]
    if challengers:
        return challengers
    numbers = [one.version for one in others]
    if champion is not None:
        displaced = cached.displaced(page.settings, page.project)
        if displaced in numbers:
            return [displaced]
    new = [one.version for one in others if one.reproduces is None]
    return (new or numbers)[:_CHALLENGERS_AT_FIRST]


def offered(version: Version) -> str:
    """Its label, with what one should know before choosing it."""
    if not version.registered:
        return f"{version.label} (not registered)"
    again = version.reproduces
    return f"{version.label} (reproduction of v{again})" if again else version.label


def _still_there(key: str, champion: Version | None, others: Mapping[str, Version]) -> list[str]:
    """The choice, with the champion of before in the place of the one that took over, and what
    was registered under its new name.
    """
    now = champion.version if champion is not None else None
    before = st.session_state.get(f"{key}-champion", now)
    st.session_state[f"{key}-champion"] = now
    old, new = st.session_state.pop(f"{key}-renamed", ("", ""))
    chosen = [new if number == old else number for number in st.session_state[key]]
    kept = [number for number in chosen if number in others]
    if before != now and before in others and before not in kept:
        kept = [before, *kept][:_CHALLENGERS_AT_MOST]
    return kept


def _in_url() -> list[str]:
    return st.query_params.get(_PARAMETER, "").split(",")
