"""What a Dask cluster that is not there looks like, without a cluster."""

from __future__ import annotations

import socket
import sys

import pytest

from core.errors import BadInput
from core.settings import Settings
from core.training import cluster


@pytest.fixture
def nobody() -> str:
    """An address of this machine at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def test_without_an_address_there_is_no_cluster() -> None:
    cluster.check_reachable(None)
    assert cluster.connect(None) is None


@pytest.mark.parametrize("ask", [cluster.check_reachable, cluster.connect])
def test_where_nothing_listens_one_sentence_says_so(nobody: str, ask: object) -> None:
    loaded = "distributed" in sys.modules
    with pytest.raises(BadInput, match=rf"The Dask scheduler at {nobody} cannot be reached") as bad:
        ask(nobody)  # type: ignore[operator]
    assert "unset it to train on this machine" in str(bad.value)
    assert ("distributed" in sys.modules) == loaded, "a page asks this too"


def test_an_address_is_checked_where_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURTSIDE_DASK_SCHEDULER", "10.0.0.5")
    with pytest.raises(BadInput, match=r"such as tcp://10\.0\.0\.5:8786; found '10\.0\.0\.5'"):
        Settings.from_env()
    monkeypatch.setenv("COURTSIDE_DASK_SCHEDULER", "tcp://10.0.0.5:8786")
    assert Settings.from_env().dask_scheduler == "tcp://10.0.0.5:8786"
    monkeypatch.setenv("COURTSIDE_DASK_SCHEDULER", " ")
    assert Settings.from_env().dask_scheduler is None
