"""A server that is killed at every write of a payment, and a client that sends it again until it is answered.

In full: `python -m tests.load.killed_payments`; `--step 5` kills it at every fifth write only. `--event-after-commit`
lets the server store events in a transaction after that of their change, and then finds invoices without their event.

The server runs on a SQLite file that is checkpointed at every commit. `strace` sends it SIGKILL when it begins its Nth
call of each kind that writes to a file or a connection, or waits for the disk: with N = 1, 2, 3 … until it survives.
The client then sends the payment again, with the same key, to the next server. What is stored is compared with what an
undisturbed payment stores, also after a worker has done what the killed server left.
"""

import argparse
import ctypes
import json
import logging
import re
import shutil
import socket
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import count
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.serving import make_server

from clinic import create_app
from clinic.core import unit_of_work
from clinic.core.db import db
from clinic.core.db.transaction import flush_open, write_transaction
from clinic.core.events.delivery import store_event
from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from clinic.web.idempotency import HEADER
from tests.billing.invoices import KEY, an_invoice, payment_fields
from tests.builders import a_clinic
from tests.databases import make_tables

CALLS = ("write", "writev", "pwrite64", "pwritev", "ftruncate", "fsync", "fdatasync", "sendto", "sendmsg")
MOST = 2000
"""Calls of a kind after which the sweep gives up."""

Moment = tuple[str, int]
"""A kind of calls, and at which of them the server is killed."""

_FORK = get_context("fork")
_PR_SET_PTRACER = 0x59616D61
_CALL = re.compile(r"^\d+ +(?P<call>\w+)\(\d+(?:<(?P<file>[^>]*)>)?", re.MULTILINE)

STORED = {
    "payments": "SELECT COUNT(*) FROM payments",
    "paid": "SELECT SUM(paid_minor) FROM invoices",
    "allocated": "SELECT SUM(amount_minor - released_minor) FROM allocations",
    "balanced": "SELECT COUNT(*) FROM invoices WHERE status = 'balanced'",
    "answers": "SELECT COUNT(*) FROM idempotent_requests",
    "events": "SELECT COUNT(*) FROM events WHERE type = 'invoice.paid'",
    "deliveries": "SELECT COUNT(*) FROM deliveries JOIN events ON events.id = event_id WHERE type = 'invoice.paid'",
    "undelivered": "SELECT COUNT(*) FROM deliveries WHERE state <> 'delivered'",
    "messages": "SELECT COUNT(*) FROM notifications WHERE kind = 'receipt'",
}
"""What is counted of the database."""

Counts = dict[str, int]


class Outcome(NamedTuple):
    """At which calls the server was killed, and where something was lost, doubled or answered otherwise by that."""

    kills: dict[str, int]
    lost: Sequence[str]
    doubled: Sequence[str]
    unequal: Sequence[str]


def sweep(folder: Path, *, step: int = 1, event_after_commit: bool = False) -> Outcome:
    """Kill a server at every `step`th write of a payment, and return what came of it; the folder is empty."""
    place = _Place(folder, event_after_commit=event_after_commit)
    try:
        return _sweep(place, step)
    finally:
        place.listener.close()


def _sweep(place: "_Place", step: int) -> Outcome:
    kills: Counter[str] = Counter()
    lost: list[str] = []
    doubled: list[str] = []
    unequal: list[str] = []
    expected = place.pay_and_restart(None)
    assert (expected.at_kill, set(expected.answers)) == (None, {expected.answers[0]})
    assert expected.end["events"] == expected.end["balanced"] == 1
    for seen in _all_seen(place, step):
        call = f"{sum(kills.values()) + 1}: {seen.killed_at}"
        kills[seen.killed_at] += 1
        if seen.lacks_event() or any(seen.end[name] < expected.end[name] for name in STORED):
            lost.append(call)
        if any(seen.end[name] > expected.end[name] for name in STORED):
            doubled.append(call)
        if len(set(seen.answers)) > 1 or seen.answers[0][0] != expected.answers[0][0]:
            unequal.append(call)
    return Outcome(dict(kills), lost, doubled, unequal)


def _all_seen(place: "_Place", step: int) -> Iterator["_Seen"]:
    """Yield what came of every kill, by kind of calls until the server survives."""
    for call in CALLS:
        for number in count(1, step):
            assert number < MOST, "the server never survives"
            seen = place.pay_and_restart((call, number))
            if seen.at_kill is None:
                break
            yield seen


class _Seen(NamedTuple):
    """The answers to a payment, and what is stored right after the kill, and in the end."""

    answers: Sequence[tuple[int, bytes]]
    killed_at: str
    at_kill: Counts | None
    end: Counts

    def lacks_event(self) -> bool:
        """Return whether the killed server left a paid invoice without its event or the deliveries of it."""
        if self.at_kill is None:
            return False
        return bool(self.at_kill["balanced"]) and not (self.at_kill["events"] and self.at_kill["deliveries"])


class _Place:
    """A database with an issued invoice, servers on it, and a client."""

    def __init__(self, folder: Path, *, event_after_commit: bool) -> None:
        self.database, self.trace = folder / "clinic.db", folder / "trace"
        self.prepared, self.copy = folder / "prepared.db", folder / "copy"
        self.copy.mkdir()
        self.patch = _store_events_after_commit if event_after_commit else lambda: None
        settings = {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{self.database}", "INSTANCE_PATH": str(folder)}
        self.app = create_app(settings | {"SECRET_KEY": token_urlsafe(48)})
        logging.getLogger("clinic").setLevel(logging.ERROR)
        with self.app.app_context():
            make_tables()
            with clinic_scope(a_clinic().id):
                _, self.key = api_key_service.create(label="Client", scopes=["all"])
                self.path = f"/api/v1/invoices/{an_invoice().id}/payments"
            db.engine.dispose()
        shutil.copy(self.database, self.prepared)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def pay_and_restart(self, killed_at: Moment | None) -> _Seen:
        """Pay the invoice twice with one key, with a server that is killed at a call, and let a worker do the rest."""
        for left in self.database.parent.glob("clinic.db*"):
            left.unlink()
        shutil.copy(self.prepared, self.database)
        at_kill: Counts | None = None
        answers: list[tuple[int, bytes]] = []
        with self._server(killed_at) as server:
            while len(answers) < 2:
                try:
                    answers.append(self._pay())
                except (OSError, HTTPException):
                    break
            server.join(0.1 if len(answers) == 2 else 60)
            if not server.is_alive():
                at_kill = self._stored()
            assert at_kill or len(answers) == 2, "the server neither answers nor ends"
        call = self._last_call() if at_kill else ""
        with self._server(None):
            while len(answers) < 2:
                answers.append(self._pay())
        self._run(_work)
        return _Seen(answers, call, at_kill, self._stored())

    @contextmanager
    def _server(self, killed_at: Moment | None) -> Iterator[ForkProcess]:
        process = _FORK.Process(target=_serve, args=(self.app, self.listener, self.patch))
        process.start()
        try:
            if killed_at is None:
                yield process
                return
            with self._strace(process, killed_at):
                yield process
                process.kill()
        finally:
            process.kill()
            process.join()

    @contextmanager
    def _strace(self, process: ForkProcess, killed_at: Moment) -> Iterator[None]:
        call, number = killed_at
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        command = ["strace", "-f", "-y", "-p", str(process.pid), "-o", str(self.trace), "-e", f"trace={call}"]
        with subprocess.Popen([*command, "-e", inject], stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr
            said = strace.stderr.readline()
            assert "attached" in said, said
            yield

    def _pay(self) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", HEADER: KEY}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("POST", self.path, json.dumps(payment_fields()), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def _run(self, work: Callable[[Flask], None]) -> None:
        process = _FORK.Process(target=work, args=(self.app,))
        process.start()
        process.join()
        assert process.exitcode == 0

    def _stored(self) -> Counts:
        """Return the counts of a copy, so that the next server finds the files as the last one left them."""
        for left in self.copy.iterdir():
            left.unlink()
        for file in self.database.parent.glob("clinic.db*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, self.copy)
        with closing(sqlite3.connect(self.copy / "clinic.db")) as connection:
            return {name: connection.execute(query).fetchone()[0] or 0 for name, query in STORED.items()}

    def _last_call(self) -> str:
        """Return the call at which the server was killed, with the kind of file."""
        found = list(_CALL.finditer(self.trace.read_text()))[-1]
        file = (found["file"] or "").rpartition("/")[2]
        return f"{found['call']} {file if file.startswith('clinic.db') else 'another'}"


def _serve(app: Flask, listener: socket.socket, patch: Callable[[], None]) -> None:
    """Serve until killed, one request after another, and write checkpoints at every commit."""
    logging.disable()
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1))  # where only a parent may trace
    patch()
    with app.app_context():
        db.event.listen(db.engine, "connect", _checkpoint_always)
    host, port = listener.getsockname()
    make_server(host, port, app, fd=listener.fileno()).serve_forever()


def _checkpoint_always(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA wal_autocheckpoint = 1")


def _work(app: Flask) -> None:
    """Do what a worker does when the leases of the dead server have expired."""
    logging.disable()
    with app.app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE deliveries SET leased_until = '2000-01-01 00:00:00'")
        unit_of_work.deliver_due()
        db.engine.dispose()


def _store_events_after_commit() -> None:
    unit_of_work._outermost_unit_of_work = _outermost_with_late_events


@contextmanager
def _outermost_with_late_events(*, durable: bool = True) -> Iterator[None]:
    with write_transaction(durable=durable), unit_of_work._collected_events() as events:
        yield
        flush_open()
    with write_transaction():
        stored = [(event, store_event(event)) for event in events]
    for _, attempts in stored:
        for attempt in attempts:
            unit_of_work.run_handler(attempt)


def main() -> None:
    """Print what came of the sweep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--event-after-commit", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        outcome = sweep(Path(folder), step=given.step, event_after_commit=given.event_after_commit)
    print(f"killed {sum(outcome.kills.values())} times:")
    for call, times in sorted(outcome.kills.items()):
        print(f"{times:6d}  {call}")
    for name in ("lost", "doubled", "unequal"):
        print(f"{name}: {len(getattr(outcome, name))} {getattr(outcome, name)}")


if __name__ == "__main__":
    main()
