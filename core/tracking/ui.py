"""MLflow's own pages on the workspace's store: ``python -m core.tracking.ui``."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from core.settings import Settings


def address(settings: Settings) -> str | None:
    """Where MLflow's pages answer now: the tracking server, or the local one if it runs."""
    if settings.tracking_uri.startswith("http"):
        return settings.tracking_uri.rstrip("/")
    with socket.socket() as probe:
        probe.settimeout(0.15)
        running = probe.connect_ex(("127.0.0.1", settings.tracking_ui_port)) == 0
    return f"http://127.0.0.1:{settings.tracking_ui_port}" if running else None


def main() -> None:
    from core.tracking.store import client

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=None)
    settings = Settings.from_env()
    port = parser.parse_args().port or settings.tracking_ui_port
    client(settings)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", settings.tracking_uri]
    command += ["--default-artifact-root", settings.artifacts_dir.as_uri()]
    print(f"MLflow on http://127.0.0.1:{port} (stop with Ctrl+C)", file=sys.stderr)
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
