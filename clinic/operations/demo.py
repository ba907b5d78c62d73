"""`flask demo`: web server and worker with sample data, in one command."""

import fcntl
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import make_url

from clinic.core.config import in_production
from clinic.identity.clinics import clinic_service
from clinic.identity.roles import ROLES
from clinic.operations.demo_data import PASSWORD, STAFF, fill
from clinic.operations.setup import upgrade_database
from clinic.web.cli_errors import CONFLICTING, FAILED, NOT_CONFIGURED, Command, fail, handle_errors
from clinic.web.cli_output import info

HOST = "127.0.0.1"
START_SECONDS = 60
DATA_FILES = ("demo.db", "demo-audit-head")
UNFINISHED_FILES = ("demo-new.db",)

WELCOME = """
The clinic is open at {address}

Sign in as one of these, each with the password: {password}
{staff}

What to try:
  1. Register a patient with an email address: the welcome is in {outbox} a moment later.
  2. Find a patient: type a part of a name, without accents, into the box at the top ("nguyen", "soren").
  3. Book an appointment from the patient's page, then the same time again: it is taken.
  4. Make an invoice, issue it, take the payment: a receipt goes out.
  5. Sign in as somebody else, and see what is not there; as Ana, look at Staff and its pages.
  6. Look at Messages, at {address}/api/docs, and, in another terminal with the same
     virtual environment, at what happened:
       export CLINIC_DATABASE_URL={database}
       flask events list
       flask modules
       flask api-keys create --name Trial --scopes all
     With that key: curl -H "Authorization: Bearer clk_…" {address}/api/v1/patients

Ctrl-C closes the clinic; its data stay in {file}.
"""


@click.command("demo", cls=Command)
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--reset", is_flag=True, help="Delete the demo's data and start over.")
@with_appcontext
def demo(port: int, reset: bool) -> None:
    """Run web server and worker with sample data, until Ctrl-C."""
    _refuse_in_production()
    instance = Path(current_app.instance_path)
    with _exclusive(instance) as lock:
        _listen(port).close()
        signal.signal(signal.SIGTERM, _interrupt)
        if reset:
            _delete_files(instance, DATA_FILES)
        _prepare(instance, lock)
        with _listen(port) as listener:
            _serve(listener, instance, lock)


@click.command("demo-data", cls=Command, hidden=True)
@with_appcontext
def demo_data() -> None:
    """Migrate the demo's database, or fill a new one."""
    _refuse_in_production()
    logging.getLogger("clinic.events").setLevel(logging.WARNING)
    url = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"])
    file = Path(str(url.database))
    with handle_errors():
        if file not in {Path(current_app.instance_path) / name for name in ("demo.db", "demo-new.db")}:
            fail(FAILED, "sample data is only for the demo's own database: use flask demo")
        upgrade_database()
        if file.name == "demo-new.db":
            fill()
        elif clinic_service.list():
            info("Using the demo's existing data; flask demo --reset starts over")
        else:
            fail(FAILED, "the demo's database is empty")


def _refuse_in_production() -> None:
    if in_production():
        fail(NOT_CONFIGURED, "the demo's password is public: the demo does not run with CLINIC_ENV=production")


@contextmanager
def _exclusive(instance: Path) -> Iterator[int]:
    """Hold the lock of this instance's demo; the child processes inherit it, so that it lasts as long as they do."""
    instance.mkdir(parents=True, exist_ok=True)
    with (instance / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(CONFLICTING, f"a demo is running already on {instance / 'demo.db'}: stop it first")
        yield lock.fileno()


def _listen(port: int) -> socket.socket:
    """Bind the port before the server is started, so that another program's server is not mistaken for it."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        fail(CONFLICTING, f"port {port} is taken, maybe by another demo: try flask demo --port {port + 1}")
    return listener


def _prepare(instance: Path, lock: int) -> None:
    """Migrate the demo's data or create it; a new database gets its final name when it is complete."""
    file, new = instance / "demo.db", instance / "demo-new.db"
    _delete_files(instance, UNFINISHED_FILES)
    exists = file.exists()
    child = _flask(_environment(file if exists else new), lock, "demo-data")
    try:
        code = child.wait()
    finally:
        _stop([child])
    if code:
        fail(FAILED, f"the demo's data could not be made: try flask demo --reset ({file})")
    if not exists:
        _delete_files(instance, DATA_FILES)
        with closing(sqlite3.connect(new)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        new.rename(file)
        _delete_files(instance, UNFINISHED_FILES)


def _environment(file: Path) -> dict[str, str]:
    """Return the environment of the child processes, in which no mail is sent and no other worker woken."""
    unset = dict.fromkeys(["CLINIC_SMTP_URL", "CLINIC_REDIS_URL", "CLINIC_TRUSTED_HOSTS"], "")
    own = {"CLINIC_DATABASE_URL": f"sqlite:///{file}", "CLINIC_INSTANCE_PATH": str(file.parent)}
    return {**os.environ, **unset, **own, "CLINIC_ENV": "development"}


def _delete_files(instance: Path, names: tuple[str, ...]) -> None:
    for name in names:
        for end in ("", "-wal", "-shm", "-journal"):
            (instance / f"{name}{end}").unlink(missing_ok=True)


def _flask(environment: Mapping[str, str], lock: int, *arguments: str) -> subprocess.Popen[bytes]:
    return _start(environment, [lock], "flask", "--app", "clinic", *arguments)


def _start(environment: Mapping[str, str], descriptors: list[int], *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", *arguments], env=dict(environment), pass_fds=descriptors)


def _serve(listener: socket.socket, instance: Path, lock: int) -> None:
    """Run web server and worker until one of them exits or Ctrl-C stops both."""
    file, address = instance / "demo.db", f"http://{HOST}:{listener.getsockname()[1]}"
    environment = {**_environment(file), "CLINIC_PUBLIC_URL": address}
    database = environment["CLINIC_DATABASE_URL"]
    children: list[subprocess.Popen[bytes]] = []
    try:
        children.append(_flask(environment, lock, "worker"))
        children.append(_web(environment, lock, listener))
        _wait_for(address, children)
        info(_welcome(address=address, outbox=instance / "outbox", database=database, file=file))
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
    except KeyboardInterrupt:
        info("Stopping")
    finally:
        _stop(children)


def _welcome(**values: object) -> str:
    staff = "\n".join(f"  {email:20} {ROLES[role].label}" for email, (_, role) in STAFF.items())
    return WELCOME.format(password=PASSWORD, staff=staff, **values)


def _web(environment: Mapping[str, str], lock: int, listener: socket.socket) -> subprocess.Popen[bytes]:
    """Start the web server on the bound port."""
    with listener:
        number = listener.fileno()
        server = ["gunicorn", "--threads", "8", "--bind", f"fd://{number}", "--log-level", "warning"]
        return _start(environment, [lock, number], *server, "--no-control-socket", "clinic:create_app()")


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    for child in children:
        child.wait()


def _wait_for(address: str, children: list[subprocess.Popen[bytes]]) -> None:
    """Wait until the web server answers."""
    for _ in range(START_SECONDS * 10):
        if any(child.poll() is not None for child in children):
            fail(FAILED, "the web server or the worker did not start: see the lines above")
        try:
            with urllib.request.urlopen(f"{address}/login", timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.1)
    fail(FAILED, f"the web server did not answer within {START_SECONDS} seconds")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
