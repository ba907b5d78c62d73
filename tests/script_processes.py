"""Scripts in processes of their own that begin with the application imported, since importing it takes seconds.

They are forked from a process without threads, so that nothing of the test's own process is in them.
"""

import os
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(["pytest", "clinic", __name__])


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, or the negative number of a signal, and what it wrote."""

    returncode: int | None
    output: str


def run_script(script: str, folder: Path, **names: Any) -> Ended:
    """Run a script with these names defined until its process ends; what it writes is kept in a folder."""
    log = folder / "output.log"
    process = _PROCESSES.Process(target=_execute, args=(script, log, names))
    process.start()
    process.join()
    return Ended(process.exitcode, log.read_text())


def _execute(script: str, log: Path, names: dict[str, Any]) -> None:
    with log.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    exec(compile(script, "script", "exec"), names)
