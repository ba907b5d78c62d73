"""Several workers run as child processes: one that dies is started again, and all end together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from clinic.operations import supervisor
from clinic.operations.supervisor import Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list["subprocess.Popen[bytes]"]:
    monkeypatch.setattr(supervisor, "RESTART_SECONDS", 0)
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.01)
    return []


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_worker_that_dies_is_started_again_and_a_signal_ends_all(started: list["subprocess.Popen[bytes]"]) -> None:
    def start() -> "subprocess.Popen[bytes]":
        started.append(subprocess.Popen(SLEEPER))
        return started[-1]

    watched = Supervisor(2, start)
    thread = threading.Thread(target=watched.run)
    thread.start()
    until(lambda: len(started) == 2)

    os.kill(started[0].pid, signal.SIGKILL)
    until(lambda: len(started) == 3)
    watched.stop()
    thread.join(timeout=30)

    assert not thread.is_alive()
    assert [child.returncode for child in started] == [-signal.SIGKILL, -signal.SIGTERM, -signal.SIGTERM]


def test_children_that_have_stopped_are_not_started_again(started: list["subprocess.Popen[bytes]"]) -> None:
    watched = Supervisor(2, lambda: subprocess.Popen(SLEEPER))

    watched.stop()
    watched.run()

    assert started == []
