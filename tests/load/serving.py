"""Serving the application over HTTP from several processes, as an installation does."""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from clinic import create_app
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
    command = ["gunicorn", "--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}", "--preload", target]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, SETTINGS: json.dumps(settings), **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    """Return when the server answers."""
    end = time.monotonic() + 120
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/login")
            connection.getresponse().read()
        except OSError:
            assert time.monotonic() < end, "the server does not start"
            time.sleep(0.05)
        else:
            return
