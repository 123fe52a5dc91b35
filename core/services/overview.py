"""Where a project stands and what to do next: what Home and every page's status line show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.dataset import spec as specs
from core.files import read_json
from core.monitoring.judged import judged
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import registry, runs, store, ui
from core.tracking.registry import Version
from core.tracking.runs import Run

ACTION_WORDS = {
    "prepare": "prepared the data",
    "train": "trained",
    "compare": "compared versions",
    "promote": "promoted a version",
    "score": "scored",
    "monitor": "checked for drift",
    "serve": "started the endpoint",
}

# A check that never ended was killed: no check of any length takes as long.
_LONGEST_CHECK = timedelta(hours=1)


@dataclass(frozen=True)
class Step:
    """One step of the life cycle: is it done, what came of it, where to go for it."""

    key: str
    title: str
    page: str
    done: bool
    summary: str


@dataclass(frozen=True)
class Standing:
    """A project at this moment. ``drift_level`` is ok, warning, alarm, unknown or None.

    ``way_back``: what an alarm asks for next (retrain, compare or score); None without one.
    ``checking``: a drift check is running, whose verdict is to come.
    """

    project: str
    title: str
    purpose: str
    steps: tuple[Step, ...]
    champion: Version | None
    logged_rows: int
    drift_level: str | None
    drift_verdict: str
    way_back: str | None
    last: Run | None
    recent: tuple[Run, ...]
    checking: bool = False

    @property
    def next_step(self) -> Step | None:
        """The first step that is not done; None when all are."""
        return next((step for step in self.steps if not step.done), None)


def standing(settings: Settings, project: str) -> Standing:
    """Read where a project stands; MLflow is asked three questions, the data none."""
    spec = specs.load(settings.spec_file(project))
    recent = _recent(settings, project)
    champion = registry.champion(settings, project) if recent else None
    logged = open_log(settings, spec).rows()
    monitor = next((r for r in recent if r.action == "monitor" and r.status == "FINISHED"), None)
    scored = next((r for r in recent if r.action == "score" and r.status == "FINISHED"), None)
    # A check that is older than the last scoring says nothing about what was scored since.
    fresh = monitor is not None and (scored is None or monitor.started_at >= scored.started_at)
    compared = any(run.action in ("compare", "promote") for run in recent)
    checking = any(map(_is_checking, recent))
    check = "a check is running" if checking else _check_words(monitor if fresh else None, logged)
    return Standing(
        project=project,
        title=spec.title,
        purpose=spec.purpose,
        steps=_steps(settings, spec, champion, logged, fresh, compared, check),
        champion=champion,
        logged_rows=logged,
        drift_level=monitor.tags.get("level") if monitor else None,
        drift_verdict=monitor.tags.get("verdict", "") if monitor else "",
        way_back=_way_back(recent, monitor),
        last=recent[0] if recent else None,
        recent=tuple(recent[:12]),
        checking=checking,
    )


def _is_checking(run: Run) -> bool:
    young = datetime.now(UTC) - run.started_at < _LONGEST_CHECK
    return run.action == "monitor" and run.status == "RUNNING" and young


def _check_words(monitor: Run | None, logged: int) -> str:
    """What the latest check of the latest scoring says, in a word or two."""
    level = monitor.tags.get("level", "unknown") if monitor else ""
    missing = "no check on record since the last scoring" if logged else "nothing to watch yet"
    return {"ok": "no drift", "warning": "a small shift", "alarm": "drift found"}.get(
        level, missing
    )


def _way_back(recent: list[Run], monitor: Run | None) -> str | None:
    """After an alarm: retrain, then compare with what was trained, then score with the promoted."""
    if monitor is None or monitor.tags.get("level") != "alarm":
        return None
    since = [
        run for run in recent if run.status == "FINISHED" and run.started_at > monitor.started_at
    ]
    if any(_took_over(run) for run in since):
        return "score"
    new = any(_made_new(run) or _registered(run) for run in since)
    return "compare" if new else "retrain"


def _made_new(run: Run) -> bool:
    """Whether a run trained a candidate; what was trained again exactly is none."""
    return run.action == "train" and registry.REPRODUCES not in run.tags


def _registered(run: Run) -> bool:
    """Whether a run made a version of another run's model: nobody was promoted by that."""
    return run.action == "promote" and run.tags.get("kind") == "register"


def _took_over(run: Run) -> bool:
    """Whether a version became champion in a run."""
    champion = run.params.get("alias", "champion") == "champion"
    return run.action == "promote" and champion and not _registered(run)


def endpoint(settings: Settings, project: str) -> tuple[str, str]:
    """The REST endpoint in a word and a sentence: (running, starting, died, stopped or none)."""
    from core.scoring.endpoint import status

    found = status(settings.project_dir(project) / "endpoint")
    if found is None:
        return "none", "never started"
    if found.state == "running":
        return "running", f"serves v{found.version} at {found.url}"
    return found.state, found.message or found.state


def describe(run: Run) -> str:
    """An action in a few words, e.g. "scored 6,426 rows with v1"."""
    words = ACTION_WORDS.get(run.action) or f"ran {run.name or run.run_id[:8]}"
    if run.action == "score":
        rows = run.metrics.get("rows_scored")
        one = run.tags.get("source") in ("form", "rest")
        words = "scored one row" if one else f"scored {rows:,.0f} rows" if rows else "scored a file"
        words += f" with v{run.tags.get('version', '?')}"
    elif run.action == "prepare" and "rows_prepared" in run.metrics:
        words = f"prepared {run.metrics['rows_prepared']:,.0f} rows"
    elif run.action == "train" and registry.REPRODUCES in run.tags:
        words = f"trained v{run.tags[registry.REPRODUCES]} again (a reproduction)"
    elif run.tags.get("purpose") == "retrain":
        words = {
            "prepare": "put production rows together with the old",
            "train": "retrained on production rows",
        }.get(run.action, words)
    elif run.action == "train" and "test_roc_auc" in run.metrics:
        words = f"trained, best ROC AUC {run.metrics['test_roc_auc']:.3f}"
    elif run.action == "compare" and run.tags.get("kind") == "replay":
        rows = run.metrics.get("rows_replayed")
        words = f"asked v{run.tags.get('version', '?')} again"
        words += f" about {rows:,.0f} logged rows" if rows else " about logged rows"
    elif _registered(run):
        words = f"registered {run.params.get('run', 'a model')}"
        words += f" as v{run.tags['version']}" if "version" in run.tags else ""
    elif run.action == "promote":
        words = f"made v{run.params.get('version', '?')} {run.params.get('alias', 'champion')}"
    if run.status == "FAILED":
        words += " (failed)"
    elif run.status == "KILLED":
        words += " (cancelled)"
    elif run.status == "RUNNING":
        dead = run.action == "monitor" and not _is_checking(run)
        words += " (never ended)" if dead else " (running)"
    return words


def run_link(settings: Settings, run_id: str, experiment: str | None = None) -> str | None:
    """Address of a run in MLflow's own pages, or None where they are not running."""
    base = ui.address(settings)
    if base is None:
        return None
    found = experiment or _experiment(settings, run_id)
    return f"{base}/#/experiments/{found}/runs/{run_id}"


def tracking_address(settings: Settings) -> str | None:
    """Where MLflow's own pages answer, or None."""
    return ui.address(settings)


def _experiment(settings: Settings, run_id: str) -> str:
    return str(store.client(settings).get_run(run_id).info.experiment_id)


def _recent(settings: Settings, project: str) -> list[Run]:
    """The latest actions; none in a workspace that has no store yet, which is not made for this."""
    if store.is_new(settings):
        return []
    return runs.recent(settings, project, limit=50)


def _steps(
    settings: Settings,
    spec: specs.ProjectSpec,
    champion: Version | None,
    logged: int,
    checked: bool,
    compared: bool,
    check: str,
) -> tuple[Step, ...]:
    raw = settings.layer(spec.name, "01_raw")
    has_data = (raw / spec.dev_file).is_file()
    preparation = _preparation(settings, spec)
    prepared = "not prepared yet" if has_data else "no development file yet"
    if preparation:
        prepared = (
            f"{preparation['rows_prepared']:,} rows, {preparation['train_rows']:,} for training"
        )
    trained = "no model yet"
    if champion is not None:
        trained = f"champion v{champion.version}{judged(champion).figure('roc_auc', ', ROC AUC')}"
    return (
        Step("prepare", "Prepare", "1_Data_preparation", preparation is not None, prepared),
        Step("train", "Train", "2_Training", champion is not None, trained),
        Step(
            "compare",
            "Compare",
            "3_Model_comparison",
            compared or (champion is not None and logged > 0),
            f"{champion.title} in charge" if champion else "needs a model",
        ),
        Step(
            "score",
            "Score",
            "4_Production_scoring",
            logged > 0,
            f"{logged:,} predictions logged" if logged else "nothing scored yet",
        ),
        Step("monitor", "Monitor", "5_Drift_monitoring", checked, check),
    )


def _preparation(settings: Settings, spec: specs.ProjectSpec) -> dict[str, Any] | None:
    path = settings.layer(spec.name, "05_model_input") / "preparation.json"
    if not path.is_file():
        return None
    found = dict(read_json(path))
    return found if spec.prepares(found.get("spec_digest")) else None


def preload() -> None:
    """Import what the first question to MLflow would otherwise wait for."""
    store.preload()
