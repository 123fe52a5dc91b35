"""Making and filling projects: the sample, files of one's own, uploads, the public download."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.dataset import io, sample
from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec, Source
from core.dataset.validate import require_columns
from core.errors import BadInput, DataFileError
from core.files import atomic_path, write_text
from core.settings import REPOSITORY, Settings, check_project_name

SAMPLE = "sample"
ROLES = ("dev", "prod")
_ANSWER_SECONDS = 30
_DOWNLOAD_SECONDS = 1800
_MAX_DOWNLOAD_BYTES = 1 << 30


@dataclass(frozen=True)
class RawFiles:
    """A project's raw files; None where absent. Row counts are None where the file is."""

    project: str
    dev: Path | None
    prod: Path | None
    dev_rows: int | None
    prod_rows: int | None

    def as_dict(self) -> dict[str, object]:
        return {"project": self.project, "dev_rows": self.dev_rows, "prod_rows": self.prod_rows}


def load_spec(settings: Settings, project: str) -> ProjectSpec:
    """A project's specification: the workspace's own, or one that ships with Courtside."""
    return specs.load(settings.spec_file(project))


def known_projects(settings: Settings) -> list[str]:
    """Projects of the workspace and those whose specification ships with Courtside."""
    shipped = [path.parent.name for path in (REPOSITORY / "data").glob("*/project.yaml")]
    return sorted({*settings.projects(), *shipped})


def raw_file(settings: Settings, spec: ProjectSpec, role: str) -> Path:
    """Where the project keeps its development or production file; may not exist yet."""
    if role not in ROLES:
        raise BadInput(f"A file is for one of {', '.join(ROLES)}; found {role!r}.")
    name = spec.dev_file if role == "dev" else spec.prod_file
    return settings.layer(spec.name, "01_raw") / name


def raw_files(settings: Settings, project: str) -> RawFiles:
    """What lies in 01_raw of a project."""
    spec = load_spec(settings, project)
    found = {}
    for role in ROLES:
        path = raw_file(settings, spec, role)
        found[role] = path if path.is_file() else None
    rows = {role: io.row_count(path) if path else None for role, path in found.items()}
    return RawFiles(project, found["dev"], found["prod"], rows["dev"], rows["prod"])


def init_sample(settings: Settings, if_missing: bool = False) -> RawFiles:
    """Make the synthetic project; with ``if_missing`` one that is there stays as it is."""
    spec = load_spec(settings, SAMPLE)
    targets = [raw_file(settings, spec, role) for role in ROLES]
    if not (if_missing and all(target.is_file() for target in targets)):
        _install(settings, SAMPLE)
        for table, target in zip(sample.generate(), targets, strict=True):
            io.write_table(table, target)
    return raw_files(settings, SAMPLE)


def init_files(
    settings: Settings,
    project: str,
    dev: Path,
    prod: Path | None = None,
    spec_file: Path | None = None,
) -> RawFiles:
    """Make a project from files of one's own. Everything is checked before anything is written.

    Raises BadInput (SpecError, DataFileError, SchemaError) with what to mend.
    """
    check_project_name(project)
    spec, text = _spec_for(settings, project, spec_file)
    check_raw_file(dev, spec, "dev")
    if prod is not None:
        check_raw_file(prod, spec, "prod")
    if text is not None:
        write_text(settings.own_spec_file(project), text)
    _install(settings, project)
    _place(dev, spec, raw_file(settings, spec, "dev"))
    if prod is not None:
        _place(prod, spec, raw_file(settings, spec, "prod"))
    return raw_files(settings, project)


def create(settings: Settings, project: str, content: bytes) -> ProjectSpec:
    """A new project from a specification in YAML; BadInput if the name is taken."""
    check_project_name(project)
    if project in known_projects(settings):
        raise BadInput(f"There is a project {project!r} already; choose another name.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise BadInput("The specification should be text in UTF-8; save it so.") from exc
    spec = specs.from_text(text, project)
    write_text(settings.own_spec_file(project), text)
    return spec


def add_upload(
    settings: Settings, project: str, role: str, name: str, content: BinaryIO
) -> RawFiles:
    """Store an uploaded parquet or CSV as the project's file, once it has been checked."""
    suffix = Path(io.check_file_name(name)).suffix.lower()
    spec = load_spec(settings, project)
    target = raw_file(settings, spec, role)
    with tempfile.TemporaryDirectory(dir=_made(target.parent), prefix=".upload-") as folder:
        received = Path(folder) / f"{role}{suffix}"
        with received.open("wb") as stream:
            shutil.copyfileobj(content, stream)
        check_raw_file(received, spec, role, shown_as=name)
        _install(settings, project)
        _place(received, spec, target)
    return raw_files(settings, project)


def check_raw_file(path: Path, spec: ProjectSpec, role: str, shown_as: str | None = None) -> None:
    """Raise unless the file is a table with rows and the columns that its role needs."""
    what = shown_as or path.name
    try:
        names = io.column_names(path)
        rows = io.row_count(path)
    except DataFileError as exc:
        raise DataFileError(str(exc).replace(path.name, what)) from exc
    if rows == 0:
        raise DataFileError(f"{what} has columns but no rows; choose a file with data.")
    needed = [*spec.raw_columns, *([spec.target.column] if role == "dev" else [])]
    require_columns(names, needed, what)


def download(settings: Settings, project: str, role: str) -> RawFiles:
    """Fetch the project's public file and keep it if its checksum is the recorded one."""
    spec = load_spec(settings, project)
    sources = dict(spec.downloads)
    if role not in sources:
        raise BadInput(f"{spec.title} names no public {role} file; upload one instead.")
    target = raw_file(settings, spec, role)
    with atomic_path(target) as temporary:
        found = _fetch(sources[role], temporary)
        if found != sources[role].sha256:
            raise DataFileError(
                f"The downloaded file is not the expected one (sha256 {found[:12]}…, expected "
                f"{sources[role].sha256[:12]}…) and was thrown away; upload the file instead."
            )
        check_raw_file(temporary, spec, role, shown_as=target.name)
        _install(settings, project)
    return raw_files(settings, project)


def _fetch(source: Source, target: Path) -> str:
    import requests

    digest = hashlib.sha256()
    size = 0
    give_up_at = time.monotonic() + _DOWNLOAD_SECONDS
    try:
        with requests.get(source.url, stream=True, timeout=_ANSWER_SECONDS) as answer:
            answer.raise_for_status()
            with target.open("wb") as stream:
                for piece in answer.iter_content(1 << 16):
                    size += len(piece)
                    if size > _MAX_DOWNLOAD_BYTES:
                        raise DataFileError("The download is over 1 GB; it was stopped.")
                    if time.monotonic() > give_up_at:
                        raise DataFileError("The download took over half an hour; it was stopped.")
                    digest.update(piece)
                    stream.write(piece)
    except requests.HTTPError as exc:
        raise DataFileError(
            f"{source.url} answered {exc.response.status_code} {exc.response.reason}: the file is "
            "not to be had there; find it elsewhere and upload it here."
        ) from exc
    except requests.RequestException as exc:
        raise DataFileError(
            f"The file could not be downloaded ({type(exc).__name__}): is this machine online? "
            f"Fetch it elsewhere from {source.url} and upload it here."
        ) from exc
    return digest.hexdigest()


def _spec_for(
    settings: Settings, project: str, spec_file: Path | None
) -> tuple[ProjectSpec, str | None]:
    if spec_file is None:
        if settings.spec_file(project).is_file():
            return load_spec(settings, project), None
        raise BadInput(
            f"{project} is new: give its specification with --spec FILE (see README, "
            "“Your own data”)."
        )
    try:
        text = spec_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"The specification {spec_file} cannot be read ({exc}).") from exc
    return specs.from_text(text, project, spec_file.name), text


def _place(source: Path, spec: ProjectSpec, target: Path) -> None:
    """Copy a checked file to its name, converting where the kinds of file differ."""
    if source.suffix.lower() == target.suffix.lower():
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)
    else:
        io.write_table(io.read_table(source, text=spec.categories), target)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _install(settings: Settings, project: str) -> None:
    """Keep a copy of a shipped specification beside the data that are about to be placed."""
    own = settings.own_spec_file(project)
    if not own.is_file():
        write_text(own, settings.spec_file(project).read_text(encoding="utf-8"))
