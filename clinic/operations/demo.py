"""`flask demo`: the whole clinic with made-up people, on this machine, in one command."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext

from clinic.core.terminal import CONFLICTING, FAILED, answered, fail, say
from clinic.operations.demo_data import fill
from clinic.operations.setup import upgrade_database
from clinic.staff.service import clinic_service

HOST = "127.0.0.1"
START_SECONDS = 60

WELCOME = """
The clinic is open at {address}

What to try:
  1. Register a patient with an e-mail address: the welcome is in {outbox} a moment later.
  2. Find somebody: type a part of a name, without accents, into the box at the top ("nguyen", "soren").
  3. Book an appointment from the patient's page, then the same time again: it is taken.
  4. Make an invoice, issue it, take the payment: a receipt goes out.
  5. Look at Messages, at {address}/api/docs, and, in another terminal, at what happened:
       export CLINIC_DATABASE_URL={database}
       flask events list
       flask modules

Ctrl-C closes the clinic; its data stay in {file}.
"""


@click.command("demo")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--reset", is_flag=True, help="Throw the demo's data away and start over.")
@with_appcontext
def demo(port: int, reset: bool) -> None:
    """Show the clinic with made-up people: web and worker, until Ctrl-C."""
    instance = Path(current_app.instance_path)
    file, environment = instance / "demo.db", _environment(instance / "demo.db")
    _refuse_taken(port)
    if reset:
        _forget(instance)
    if _flask(environment, "demo-data").wait():
        fail(FAILED, f"the demo's data could not be made: try flask demo --reset ({file})")
    _serve(port, environment, instance)


@click.command("demo-data", hidden=True)
@with_appcontext
def demo_data() -> None:
    """Fill the demo's database, unless it is filled already."""
    logging.getLogger("clinic.events").setLevel(logging.WARNING)
    with answered():
        if Path(current_app.config["SQLALCHEMY_DATABASE_URI"]).name != "demo.db":
            fail(FAILED, "made-up people are put into the demo's own database only: use flask demo")
        upgrade_database()
        if clinic_service.list():
            say("Using the demo's data as they were left; flask demo --reset starts over")
        else:
            fill()


def _environment(file: Path) -> dict[str, str]:
    return {**os.environ, "CLINIC_DATABASE_URL": f"sqlite:///{file}", "CLINIC_ENV": "development"}


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            fail(CONFLICTING, f"port {port} is taken, maybe by another demo: try flask demo --port {port + 1}")


def _forget(instance: Path) -> None:
    for path in instance.glob("demo*.db*"):
        path.unlink()


def _flask(environment: Mapping[str, str], *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "flask", "--app", "clinic", *words], env=dict(environment))


def _serve(port: int, environment: Mapping[str, str], instance: Path) -> None:
    """Run web and worker until one of them ends or a person stops both."""
    address = f"http://{HOST}:{port}"
    quietly = ["--log-level", "warning", "--no-control-socket"]
    server = ["gunicorn", "--threads", "8", "--bind", f"{HOST}:{port}", *quietly, "clinic:create_app()"]
    environment = {**environment, "CLINIC_PUBLIC_URL": address}
    children = [
        _flask(environment, "worker"),
        subprocess.Popen([sys.executable, "-m", *server], env=environment),
    ]
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _wait_for(address, children)
        file = instance / "demo.db"
        database = environment["CLINIC_DATABASE_URL"]
        say(WELCOME.format(address=address, outbox=instance / "outbox", database=database, file=file))
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("Closing")
    finally:
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
            with urllib.request.urlopen(f"{address}/api/v1/clinic", timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.1)
    fail(FAILED, f"the web server did not answer within {START_SECONDS} seconds")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
