"""Scripts and commands in processes of their own that begin with the application imported, since that takes seconds.

They are forked from a process without threads, so that nothing of the test's own process is in them.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from socket import socket
from typing import Any

import flask.cli

_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(["pytest", "clinic", __name__])

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, or the negative number of a signal, and what it wrote."""

    returncode: int
    output: str


class Started:
    """A process that runs, and what it writes to standard output and standard error, which is kept in a file."""

    def __init__(self, target: Any, log: Path, *args: Any) -> None:
        self._log = log
        self._process = _PROCESSES.Process(target=target, args=(log, *args))
        self._process.start()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self._process.pid and self.is_running:
            os.kill(self._process.pid, number)

    def send_signal_to_group(self, number: signal.Signals) -> None:
        """Send a signal to all processes of its group, which has to be one of its own."""
        if self._process.pid and self.is_running:
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        self._process.kill()
        self._process.join()

    def wait(self, timeout: float | None = None) -> Ended:
        """Wait until it has ended.

        :raises TimeoutError: if it has not within some seconds
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError(f"process {self._process.pid} still runs after {timeout} seconds")
        return Ended(self._process.exitcode, self._log.read_text() if self._log.exists() else "")

    def lines(self) -> Iterator[str]:
        """Return every line that it writes, from the first one to that before it ends."""
        while not self._log.exists() and self.is_running:
            time.sleep(_POLL_SECONDS)
        with self._log.open() as log:
            line = ""
            while True:
                has_ended = not self.is_running
                while part := log.readline():
                    line += part
                    if line.endswith("\n"):
                        yield line
                        line = ""
                if has_ended:
                    return
                time.sleep(_POLL_SECONDS)


def run_script(script: str, folder: Path, **names: Any) -> Ended:
    """Run a script with these names defined until its process ends; what it writes is kept in a folder."""
    return start_script(script, folder, **names).wait()


def start_script(script: str, folder: Path, **names: Any) -> Started:
    """Start a script with these names defined; what it writes is kept in a folder."""
    return Started(_execute, folder / "output.log", script, names)


def start_command(*args: str, environment: Mapping[str, str], log: Path) -> Started:
    """Start a command of `flask --app clinic` in an environment of its own; what it writes is kept in a file."""
    return Started(_command, log, args, dict(environment))


def start_server(
    *args: str, environment: Mapping[str, str], folder: Path, log: Path, door: socket | None = None
) -> Started:
    """Start `gunicorn` in a folder, behind a door that is open already if one is given."""
    return Started(_server, log, args, dict(environment), folder, door)


def _execute(log: Path, script: str, names: dict[str, Any]) -> None:
    _write_to(log)
    exec(compile(script, "script", "exec"), names)


def _command(log: Path, args: tuple[str, ...], environment: dict[str, str]) -> None:
    _write_to(log)
    _begin(["flask", "--app", "clinic", *args], environment)
    flask.cli.main()


def _server(log: Path, args: tuple[str, ...], environment: dict[str, str], folder: Path, door: socket | None) -> None:
    _write_to(log)
    bind = ["--bind", f"fd://{door.fileno()}"] if door else []
    _begin(["gunicorn", *bind, *args], environment)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    from gunicorn.app.wsgiapp import run  # reads the environment while it is imported

    run()


def _begin(command: list[str], environment: dict[str, str]) -> None:
    """Let this process have the arguments and the environment of a command."""
    sys.argv = command
    os.environ.clear()
    os.environ.update(environment)


def _write_to(log: Path) -> None:
    """Let all that this process writes be in a file."""
    with log.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
