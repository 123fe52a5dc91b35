"""How the project is watched: a form on the policy."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.services import alerts
from core.services.alerts import MonitoringPolicy
from core.ui import parts
from core.ui.frame import Page
from core.ui.words import escape

_RATES = {20: "1 in 20", 50: "1 in 50", 100: "1 in 100", 500: "1 in 500", 1000: "1 in 1,000"}
_LOUDNESS = {"alarm": "up to alarm", "warning": "warning at most", "off": "say nothing"}
_ACTIONS = {"tell": "Tell", "prepare_retraining": "Tell and prepare a retraining"}
_RULES = {
    "drift": ("Drift", "Predictive: features, probabilities or all together unlike the reference."),
    "estimated": ("Estimated loss", "Predictive: the estimate lies below the reference."),
    "realised": ("Realised loss", "Reactive: labels show that a metric fell."),
}


def show(page: Page) -> None:
    """The policy in force, to be changed; kept beside the specification."""
    with (
        st.expander("How this project is watched", icon=":material/tune:"),
        parts.guarded("read how this project is watched"),
    ):
        policy = alerts.policy(page.settings, page.project)
        with st.form("monitor-policy", border=False):
            changes = _rules(policy) | _telling(page, policy)
            pressed = st.form_submit_button("Keep these rules", icon=":material/save:")
        if pressed:
            with parts.guarded("keep these rules"):
                alerts.change_policy(page.settings, page.project, changes)
                st.rerun()
        if alerts.webhook_is_set(page.settings, page.project) and st.button(
            "Send a test message", icon=":material/send:", key="monitor-try-webhook"
        ):
            with parts.guarded("reach the webhook"), st.spinner("Asking the webhook"):
                failure = alerts.try_webhook(page.settings, page.project)
                if failure:
                    st.error(f"The webhook did not take it: {escape(failure)}.")
                else:
                    st.success("The webhook took the test message.")


def _rules(policy: MonitoringPolicy) -> dict[str, Any]:
    known = policy.windows_per_false_alarm
    rates = dict(sorted({**_RATES, known: _RATES.get(known, f"1 in {known:,}")}.items()))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        windows = st.selectbox(
            "False alarms, in windows",
            list(rates),
            index=list(rates).index(known),
            format_func=rates.__getitem__,
            width=190,
            help="How often a check may raise an alert for drift though nothing has changed. "
            "Fewer false alarms also mean that small shifts are seen later.",
        )
        loud = {
            key: st.selectbox(
                title,
                list(_LOUDNESS),
                index=list(_LOUDNESS).index(getattr(policy, key)),
                format_func=_LOUDNESS.__getitem__,
                help=explained,
                width=170,
            )
            for key, (title, explained) in _RULES.items()
        }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        warning = st.number_input(
            "Warn when a metric falls by", 0.0, 1.0, policy.warning_drop, 0.01, width=210
        )
        alarm = st.number_input("Alarm from", 0.0, 1.0, policy.alarm_drop, 0.01, width=150)
    rate = policy.false_alarms if windows == known else 1 / windows
    return {"false_alarms": rate, **loud, "warning_drop": warning, "alarm_drop": alarm}


def _telling(page: Page, policy: MonitoringPolicy) -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        action = st.selectbox(
            "On an alarm",
            list(_ACTIONS),
            index=list(_ACTIONS).index(policy.action),
            format_func=_ACTIONS.__getitem__,
            width=260,
        )
        quiet = st.number_input(
            "Quiet time (hours)",
            0.0,
            24.0 * 365,
            policy.quiet_hours,
            1.0,
            width=170,
            help="The same rule is told to the webhook once within this time.",
        )
    given = alerts.webhook_is_set(page.settings, page.project)
    address = st.text_input(
        "Webhook",
        type="password",
        placeholder="set; type to replace it" if given else "https://…",
        autocomplete="off",
        help="Gets each new alert as JSON, with a text that chat services show. It is kept in a "
        "file that only the server's user can read, and never shown again. The variable "
        "COURTSIDE_WEBHOOK_URL sets one for all projects.",
    )
    removed = bool(policy.webhook) and st.checkbox("Remove this project's webhook")
    webhook = {"webhook": ""} if removed else {"webhook": address} if address else {}
    return {"action": action, "quiet_hours": quiet, **webhook}
