"""A server killed at any write of a payment loses and doubles nothing, unless it stores events after the commit."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from shutil import which

import pytest

from tests.load.killed_payments import Outcome, sweep

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(which("strace") is None, reason="strace kills the server at its writes: install it"),
]

SAMPLE = 13
"""Of so many writes, the server is killed at one."""


def swept(folder: Path, *, event_after_commit: bool = False) -> Outcome:
    """Sweep in a process without threads, as it forks servers."""
    with ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as pool:
        return pool.submit(sweep, folder, step=SAMPLE, event_after_commit=event_after_commit).result()


@pytest.mark.row(71)
def test_a_server_killed_at_its_writes_loses_and_doubles_nothing(tmp_path: Path) -> None:
    outcome = swept(tmp_path)

    assert sum(outcome.kills.values()) > 8
    assert {"pwrite64 clinic.db", "pwrite64 clinic.db-wal"} <= set(outcome.kills)
    assert (outcome.lost, outcome.doubled, outcome.unequal) == ([], [], [])


def test_a_server_that_stores_events_after_the_commit_loses_some(tmp_path: Path) -> None:
    outcome = swept(tmp_path, event_after_commit=True)

    assert outcome.lost
    assert (outcome.doubled, outcome.unequal) == ([], [])
