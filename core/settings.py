"""Where things lie and how much is allowed, read once from ``COURTSIDE_*`` variables."""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput

REPOSITORY = Path(__file__).resolve().parent.parent

LAYERS = (
    "01_raw",
    "02_intermediate",
    "03_primary",
    "04_feature",
    "05_model_input",
    "07_model_output",
    "08_reporting",
)

_SCHEDULER = re.compile(r"(tcp|tls)://[^/\s]+:\d{1,5}")
_PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def check_project_name(name: str) -> str:
    """Return ``name`` if it can be a folder and an experiment; raise BadInput if not."""
    if not _PROJECT_NAME.fullmatch(name):
        raise BadInput(
            f"A project's name is 1 to 64 lower-case letters, digits, '-' or '_', "
            f"beginning with a letter or digit; found {name!r}."
        )
    return name


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value <= 0:
        raise BadInput(f"{variable} must be a whole number above 0; found {text!r}.")
    return value


def _scheduler() -> str | None:
    address = os.environ.get("COURTSIDE_DASK_SCHEDULER", "").strip()
    if address and not _SCHEDULER.fullmatch(address):
        raise BadInput(
            "COURTSIDE_DASK_SCHEDULER is the address of a Dask scheduler, such as "
            f"tcp://10.0.0.5:8786; found {address!r}."
        )
    return address or None


@dataclass(frozen=True)
class Settings:
    """Paths and limits. Nothing is written outside ``home``."""

    home: Path
    tracking_uri: str
    jobs_at_once: int
    ended_jobs_kept: int
    fit_workers: int
    endpoint_port: int
    tracking_ui_port: int
    max_upload_megabytes: int
    dask_scheduler: str | None
    max_unpacked_megabytes: int
    max_download_megabytes: int
    background_rows: int

    @classmethod
    def from_env(cls) -> Settings:
        """Read the environment; raises BadInput on a value that cannot be meant."""
        home = Path(os.environ.get("COURTSIDE_HOME") or REPOSITORY).expanduser().resolve()
        # Not percent-encoded: SQLAlchemy takes the path of a SQLite address as it stands.
        default_uri = f"sqlite:///{home / 'mlruns' / 'mlflow.db'}"
        return cls(
            home=home,
            tracking_uri=os.environ.get("MLFLOW_TRACKING_URI") or default_uri,
            jobs_at_once=_number("COURTSIDE_JOBS_AT_ONCE", 1),
            ended_jobs_kept=_number("COURTSIDE_ENDED_JOBS_KEPT", 200),
            fit_workers=_number("COURTSIDE_FIT_WORKERS", 2),
            endpoint_port=_number("COURTSIDE_ENDPOINT_PORT", 5002),
            tracking_ui_port=_number("COURTSIDE_TRACKING_PORT", 5001),
            max_upload_megabytes=_number("COURTSIDE_MAX_UPLOAD_MB", 1024),
            dask_scheduler=_scheduler(),
            max_unpacked_megabytes=_number("COURTSIDE_MAX_UNPACKED_MB", 16_384),
            max_download_megabytes=_number("COURTSIDE_MAX_DOWNLOAD_MB", 200),
            background_rows=_number("COURTSIDE_BACKGROUND_ROWS", 2_000_000),
        )

    @property
    def artifacts_dir(self) -> Path:
        """Where MLflow keeps files when its store is the local one."""
        return self.home / "mlruns" / "artifacts"

    def project_dir(self, project: str) -> Path:
        return self.home / "data" / check_project_name(project)

    def layer(self, project: str, layer: str) -> Path:
        """The folder of one data layer, e.g. ``layer("sample", "01_raw")``; may not exist yet."""
        if layer not in LAYERS:
            raise BadInput(f"Layers are {', '.join(LAYERS)}; found {layer!r}.")
        return self.project_dir(project) / layer

    def spec_file(self, project: str) -> Path:
        """The workspace's specification, else the one that ships with Courtside if there is one.

        Where there is neither, the path at which the workspace's would lie.
        """
        own = self.own_spec_file(project)
        shipped = REPOSITORY / "data" / project / "project.yaml"
        return shipped if shipped.is_file() and not own.is_file() else own

    def own_spec_file(self, project: str) -> Path:
        """Where the workspace keeps a project's specification; may not exist yet."""
        return self.project_dir(project) / "project.yaml"

    def models_dir(self, project: str) -> Path:
        return self.home / "models" / check_project_name(project)

    def inference_log(self, project: str) -> Path:
        return self.layer(project, "07_model_output") / "inference_log.csv"

    def jobs_dir(self, project: str) -> Path:
        return self.project_dir(project) / "jobs"

    def scoring_jobs_dir(self, project: str) -> Path:
        """Background scoring has a queue of its own: it need not wait for a training."""
        return self.jobs_dir(project) / "scoring"

    def inbox(self, project: str) -> Path:
        """Where people put files for the app to choose from; may not exist yet."""
        return self.project_dir(project) / "inbox"

    def layers_lock(self, project: str) -> Path:
        """Held while the prepared tables are replaced or read together."""
        return self.project_dir(project) / "layers.lock"

    def projects(self) -> list[str]:
        """Names of the projects that have a specification, sorted."""
        root = self.home / "data"
        if not root.is_dir():
            return []
        found = (p.parent.name for p in root.glob("*/project.yaml"))
        return sorted(name for name in found if _PROJECT_NAME.fullmatch(name))


def current_user() -> str:
    """Who is at work, for the record: COURTSIDE_USER, else the operating system's name, or ""."""
    try:
        return os.environ.get("COURTSIDE_USER", "").strip() or getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user need not have a name
        return ""
