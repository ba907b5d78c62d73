"""Serving the application over HTTP from several processes, as an installation does."""

import gc
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from tempfile import TemporaryDirectory
from typing import Any

from clinic import create_app
from tests.browser.server import wait_for
from tests.script_processes import start_server
from tests.smtp_server import free_port

ROOT = Path(__file__).parents[2]
SETTINGS = "LOAD_SETTINGS"
WORKERS = 4


def application() -> Any:
    """Return the application with the settings of the environment, for the processes of the server.

    As in `wsgi.py`, it is left out of collections of garbage: each process would go through all of it when it stops.
    """
    app = create_app(json.loads(os.environ[SETTINGS]))
    gc.freeze()
    return app


@contextmanager
def serving(settings: dict[str, Any], target: str, **environment: str) -> Iterator[int]:
    """Serve what a target like `tests.load.serving:application()` returns from several processes; return the port."""
    port = free_port()
    args = ("--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}", "--preload", target)
    given = {**os.environ, SETTINGS: json.dumps(settings), **environment}
    with TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        process = start_server(*args, environment=given, folder=ROOT, log=log)
        try:
            wait_for(f"http://127.0.0.1:{port}", process, log)
            yield port
        finally:
            process.send_signal(SIGTERM)
            process.wait()
