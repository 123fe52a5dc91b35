"""The terminal: one command per action, one JSON object with ``--json``, honest exit codes.

0 success · 2 bad input, with a one-line reason that names the fix · 1 anything else.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from core.errors import BadInput, CourtsideError
from core.settings import Settings

Command = Callable[[Settings, argparse.Namespace], dict[str, Any]]


class _Parser(argparse.ArgumentParser):
    """Usage errors as one line with exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}. See `{self.prog} --help`.")


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    # Some libraries print where they like; standard output is the JSON's alone.
    out = sys.stdout
    _use_own_programs()
    try:
        options = _parser().parse_args(arguments)
        with redirect_stdout(sys.stderr):
            options.settings = Settings.from_env()
            result = options.run(options.settings, options)
    except BadInput as exc:
        print(f"courtside: {_one_line(exc)}", file=sys.stderr)
        return 2
    except CourtsideError as exc:
        print(f"courtside: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("courtside: stopped", file=sys.stderr)
        return 1
    except Exception:  # noqa: BLE001 - the last place that can say what happened
        traceback.print_exc()
        return 1
    if options.json:
        print(json.dumps(result, allow_nan=False), file=out)
    else:
        print(_readable(result), file=out)
    return 0


def _use_own_programs() -> None:
    """MLflow calls programs by name; they lie beside this interpreter."""
    own = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if own not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, path])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m core", description="Courtside from a terminal.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Command, about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about)
        made.add_argument("--project", help="name of the project")
        made.add_argument("--json", action="store_true", help="print exactly one JSON object")
        made.set_defaults(run=run)
        return made

    init = command("init", _init, "make a project from files, or the sample")
    _init_options(init)
    init.add_argument("--sample", action="store_true", help="the synthetic shooter")
    init.add_argument("--if-missing", action="store_true", help="leave a sample that is there")
    prepare = command("prepare", _prepare, "clean, derive, split, write the layers")
    prepare.add_argument("--test-size", type=float, help="share of rows held out")
    prepare.add_argument("--seed", type=int, help="seed of the split")
    _train_options(command("train", _train, "train, tune, evaluate, register; waits"))
    compare = command("compare", _compare, "paired evidence against the champion")
    compare.add_argument("--versions", help="comma-separated; default: all")
    promote = command("promote", _promote, "move an alias to a version")
    promote.add_argument("--version", required=True)
    promote.add_argument("--alias", default="champion")
    promote.add_argument("--reason", default="")
    score = command("score", _score, "score a parquet or CSV, log every row")
    score.add_argument("file", type=Path)
    score.add_argument("--out", type=Path, required=True, help="scored file, .parquet or .csv")
    score.add_argument("--model", default="champion", help="alias or version")
    score.add_argument("--also", default="", help="other versions on the same rows, not logged")
    monitor = command("monitor", _monitor, "drift, performance, verdict")
    _monitor_options(monitor)
    run = command("run", _run, "the whole life: prepare, train, compare, score, monitor")
    _init_options(run)
    _train_options(run)
    run.add_argument("--out", type=Path, help="scored file; default: in 07_model_output")
    serve = command("serve", _serve, "the champion behind MLflow's REST server")
    serve.add_argument("--port", type=int)
    serve.add_argument("--stop", action="store_true")
    return parser


def _init_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dev", type=Path, help="development file (parquet or CSV)")
    parser.add_argument("--prod", type=Path, help="production file (parquet or CSV)")
    parser.add_argument("--spec", type=Path, help="specification (YAML)")


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", help="comma-separated algorithms, e.g. lr,dt")
    parser.add_argument("--n-iter", help="candidates per algorithm, e.g. lr=100,dt=400")
    parser.add_argument("--minutes", type=float, help="time budget of comparing and tuning")
    parser.add_argument("--find-best", type=int, help="tune only the best so many by ROC AUC")
    parser.add_argument("--threshold", default="0.5", help="a number, f1, youden, or cost:RATIO")
    parser.add_argument("--class-weights", default="none", help="none or balanced")
    parser.add_argument("--calibration", default="none", help="none, sigmoid or isotonic")


def _monitor_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", help="ISO 8601, UTC unless it says otherwise")
    parser.add_argument("--until", help="ISO 8601, UTC unless it says otherwise")
    parser.add_argument("--labels", type=Path, help="late labels: prediction_id and the target")


def _project(settings: Settings, options: argparse.Namespace) -> str:
    """The project named, or the only one there is; its specification is installed if it ships."""
    from core.services import projects

    name = options.project
    if name is None:
        known = settings.projects()
        if len(known) != 1:
            listed = ", ".join(projects.known_projects(settings))
            raise BadInput(f"Name the project with --project; there are {listed}.")
        name = known[0]
    projects.load_spec(settings, name)
    return str(name)


def _init(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import projects

    if options.sample:
        if options.dev or options.prod or options.spec or options.project not in (None, "sample"):
            raise BadInput("--sample makes the project 'sample' and takes no files.")
        return projects.init_sample(settings, options.if_missing).as_dict()
    if options.dev is None:
        raise BadInput("Give the development file with --dev FILE, or make the sample: --sample.")
    if options.project is None:
        raise BadInput("Name the new project with --project NAME.")
    made = projects.init_files(settings, options.project, options.dev, options.prod, options.spec)
    return made.as_dict()


def _prepare(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import preparation

    project = _project(settings, options)
    size = options.test_size
    if size is not None and not 0.01 <= size <= 0.9:
        raise BadInput(f"--test-size is a share from 0.01 to 0.9; found {size}.")
    return preparation.run(settings, project, size, options.seed)


def _train(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import projects, training

    project = _project(settings, options)
    spec = projects.load_spec(settings, project)
    names, counts = _names(options.models), _counts(options.n_iter)
    chosen = training.Options.from_json(vars(options))
    plan = training.make_plan(spec, names, counts, options=chosen)
    job = training.submit(settings, plan)
    try:
        return training.wait(settings, project, job.job_id, _show_progress)
    except KeyboardInterrupt:
        training.cancel(settings, project, job.job_id)
        raise


def _compare(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import comparison

    project = _project(settings, options)
    return comparison.compare(settings, project, _names(options.versions) or ())


def _promote(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import comparison

    project = _project(settings, options)
    return comparison.promote(settings, project, options.version, options.alias, options.reason)


def _score(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import scoring

    project = _project(settings, options)
    result = scoring.score_file(
        settings,
        project,
        options.file,
        options.out,
        model=options.model,
        also=_names(options.also) or (),
        origin="cli",
    )
    return {**result.summary, **_files(result)}


def _monitor(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import monitoring

    project = _project(settings, options)
    since, until = _moment(options.since), _moment(options.until)
    return monitoring.monitor(settings, project, since, until, options.labels)[0]


def _run(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import comparison, monitoring, preparation, projects, scoring

    if options.dev is not None:
        _init(settings, argparse.Namespace(**{**vars(options), "sample": False}))
    project = _project(settings, options)
    result: dict[str, Any] = {"project": project}
    result["prepare"] = preparation.run(settings, project)
    trained = _train(settings, options)
    result["train"] = trained
    result["compare"] = comparison.compare(settings, project)
    production = scoring.production_file(settings, project)
    if production is None:
        spec = projects.load_spec(settings, project)
        raise BadInput(
            f"{project} has no production file to score; give one with --prod FILE or put it at "
            f"data/{project}/01_raw/{spec.prod_file}."
        )
    champion = result["compare"]["champion"]["version"]
    others = [m["version"] for m in trained["models"] if m["version"] != champion]
    out = options.out or scoring.output_path(settings, project, production.name)
    scored = scoring.score_file(settings, project, production, out, also=others, origin="cli")
    result["score"] = {**scored.summary, **_files(scored)}
    result["monitor"] = monitoring.monitor(settings, project)[0]
    return result


def _serve(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import serving

    project = _project(settings, options)
    if options.stop:
        return serving.stop(settings, project)
    return serving.start(settings, project, options.port)


def _files(scored: Any) -> dict[str, str | None]:
    """Where the scored rows and the rejected ones went."""
    rejected = scored.rejected
    return {"out": str(scored.output), "rejected": str(rejected) if rejected else None}


def _names(text: str | None) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] if text else None


def _counts(text: str | None) -> dict[str, int]:
    counts = {}
    for part in _names(text) or []:
        name, _, number = part.partition("=")
        if not number.strip().isdigit():
            raise BadInput(f"--n-iter reads like lr=100,dt=400; found {part!r}.")
        counts[name.strip()] = int(number)
    return counts


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise BadInput(f"A time reads like 2026-01-31T12:00:00Z; found {text!r}.") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _show_progress(progress: Any) -> None:
    best = f", best {progress.best_score:.4f}" if progress.best_score is not None else ""
    print(
        f"{progress.fraction:4.0%}  {progress.stage} {progress.done}/{progress.total}{best}",
        file=sys.stderr,
    )


def _one_line(exc: BaseException) -> str:
    return " ".join(str(exc).split())


def _readable(result: dict[str, Any]) -> str:
    return json.dumps(result, indent=2, ensure_ascii=False)
