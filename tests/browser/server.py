"""A real web server of the clinic on this machine, for a real browser."""

import os
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM

from tests.script_processes import Started, start_server

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120
STOP_SECONDS = 10

APPLICATION = """
import gc
import os
from pathlib import Path

from flask import Flask, request
from jinja2 import FileSystemBytecodeCache

from clinic import create_app
from tests.browser.console_errors import TROUBLES

Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(os.environ["COMPILED_TEMPLATES"])}
app = create_app({"INSTANCE_PATH": Path(__file__).parent, "TESTING": True, "PROPAGATE_EXCEPTIONS": False})
gc.freeze()


@app.before_request
def fail_if_asked():
    trouble = TROUBLES.get(request.headers.get("X-Trouble"))
    if trouble and request.path == "/patients":
        raise trouble
"""

SETTINGS = """
threads = 4
preload_app = True
graceful_timeout = 1
control_socket_disable = True
"""

BACKLOG = 2048
"""How many connections may wait, as at the server's own doors: further ones would be lost, and tried again later."""


@contextmanager
def serve(database_url: str, folder: Path, templates: Path | None = None) -> Iterator[str]:
    """Serve the clinic of a database from a folder of its own; yield its origin.

    It keeps compiled templates in a folder, which may be one that other applications of the run keep theirs in.
    """
    settings = {"CLINIC_DATABASE_URL": database_url, "COMPILED_TEMPLATES": str(templates or folder)}
    (folder / "served.py").write_text(APPLICATION)
    (folder / "gunicorn.conf.py").write_text(SETTINGS)
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as door:
        origin = f"http://127.0.0.1:{door.getsockname()[1]}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLINIC_")}
        environment |= {"CLINIC_ENV": "development", "PYTHONPATH": str(ROOT)} | settings
        log = folder / "server.log"
        process = start_server("served:app", environment=environment, folder=folder, log=log, door=door)
        try:
            wait_for(origin, process, log)
            yield origin
        finally:
            process.send_signal(SIGTERM)
            process.wait(STOP_SECONDS)


def wait_for(origin: str, process: Started, log: Path) -> None:
    """Wait until a server that was started answers.

    :raises RuntimeError: with its log, if it has ended, or has not answered within two minutes
    """
    end = time.monotonic() + START_SECONDS
    while process.is_running and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{origin}/login", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {log.read_text()}")
