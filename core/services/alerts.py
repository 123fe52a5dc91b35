"""Alerts as they are kept, and the policy that raises them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.dataset import spec as specs
from core.dataset.monitoring_policy import MonitoringPolicy
from core.errors import NotReady
from core.monitoring import places, policy_file, webhook
from core.monitoring.alert_book import AlertBook, KeptAlert
from core.settings import Settings
from core.tracking import runs

__all__ = ["KeptAlert", "MonitoringPolicy"]  # what pages get from further below


def alerts(settings: Settings, project: str) -> list[KeptAlert]:
    """All alerts: open ones first, alarms before warnings, the newest first within."""
    return _book(settings, project).alerts()


def token(settings: Settings, project: str) -> tuple[int, int]:
    """Changes whenever an alert or the policy has changed."""
    return (
        places.written(places.alerts_path(settings, project)),
        places.written(places.policy_path(settings, project)),
    )


def acknowledge(settings: Settings, project: str, alert_id: str, note: str) -> None:
    """Say that somebody has seen it; BadInput if it is no longer open."""
    _book(settings, project).acknowledge(alert_id, note)


def resolve(settings: Settings, project: str, alert_id: str, note: str) -> None:
    """Close it by hand; BadInput if it is no longer open."""
    _book(settings, project).resolve(alert_id, note)


def policy(settings: Settings, project: str) -> MonitoringPolicy:
    """How the project is watched: its specification's policy with the page's changes."""
    return policy_file.in_force(settings, specs.load(settings.spec_file(project)))


def change_policy(settings: Settings, project: str, changes: Mapping[str, Any]) -> MonitoringPolicy:
    """Keep changes beside the specification; BadInput if one cannot be used."""
    spec = specs.load(settings.spec_file(project))
    return policy_file.change(places.policy_path(settings, project), spec.monitoring, changes)


def webhook_is_set(settings: Settings, project: str) -> bool:
    """Whether alerts are told anywhere; the address itself is nobody's business."""
    return bool(policy_file.webhook_of(policy(settings, project)))


def tell_again(settings: Settings, project: str) -> bool:
    """Try once more, beside the caller, to tell what the webhook did not take and is due.

    Whether anything was due. Cheap where nothing is: pages call it whenever they look.
    """
    book = _book(settings, project)
    if not book.open_alerts():
        return False
    spec = specs.load(settings.spec_file(project))
    policy = policy_file.in_force(settings, spec)
    address = policy_file.webhook_of(policy)
    due = book.due(policy.quiet_hours) if address else []
    if not due:
        return False
    verdict = runs.get(settings, due[0].run_id).tags.get("verdict", "")
    webhook.tell_in_background(
        book, address, project, spec.title, verdict, policy.quiet_hours, again=True, tries=1
    )
    return True


def try_webhook(settings: Settings, project: str) -> str:
    """Send a test message, once, and wait for it; returns why it failed, or ""."""
    spec = specs.load(settings.spec_file(project))
    address = policy_file.webhook_of(policy_file.in_force(settings, spec))
    if not address:
        raise NotReady("No webhook is set; give its address first.")
    content = webhook.message(project, spec.title, "This is a test; nothing has happened.", [])
    return webhook.post(address, content, tries=1)


def _book(settings: Settings, project: str) -> AlertBook:
    return AlertBook(places.alerts_path(settings, project))
