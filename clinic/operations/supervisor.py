"""Several workers as child processes: one that dies is started again, and signals are passed on."""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

POLL_SECONDS = 0.2
RESTART_SECONDS = 1
"""How long after its start a worker that died is started again, at least, so that one that can't start uses no time."""

_log = logging.getLogger("clinic.worker")


class Supervisor:
    """A number of child processes that run until they are stopped."""

    def __init__(self, count: int, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self._start = start
        self._children: list[tuple[subprocess.Popen[bytes], float]] = []
        self._count = count
        self.is_stopping = False

    def run(self) -> None:
        """Keep the children running until `stop` is called, then wait until all have ended."""
        while not self.is_stopping or self._children:
            self._children = [(child, at) for child, at in self._children if not self._has_ended(child, at)]
            while not self.is_stopping and len(self._children) < self._count:
                self._children.append((self._start(), time.monotonic()))
            time.sleep(POLL_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Pass a signal on to the children, and start none again."""
        self.is_stopping = True
        for child, _ in self._children:
            child.send_signal(number)

    def _has_ended(self, child: "subprocess.Popen[bytes]", started_at: float) -> bool:
        if child.poll() is None or (not self.is_stopping and time.monotonic() < started_at + RESTART_SECONDS):
            return False
        if not self.is_stopping:
            _log.error("worker_died pid=%s status=%s", child.pid, child.returncode)
        return True


def supervise(count: int) -> None:
    """Run some workers as child processes until SIGTERM or Ctrl-C; the second signal ends them at once."""
    supervisor = Supervisor(count, _start_worker)

    def stop(number: int, _frame: FrameType | None) -> None:
        supervisor.stop(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    supervisor.run()


def _start_worker() -> "subprocess.Popen[bytes]":
    """Start one worker with the arguments of this program, in a process group that Ctrl-C does not reach by itself."""
    command = [sys.executable, "-m", "flask", "--app", "clinic", "worker"]
    return subprocess.Popen(command, start_new_session=True)  # noqa: S603 - this program, with fixed arguments
