"""What sending messages costs, beside a loop that hands the same messages to the same mail server.

`python tests/load/bench_notifications.py [--url URL] [--messages 200] [--workers 2] [--backlog 1000 100000]
[--log 10000 1000000]`

- throughput: a worker claims, checks, writes, hands over and records each message; the loop only hands over what the
  worker sent, with a connection for each or with one for all. The mail server is one of this process; then several
  workers, each a process, send as many messages;
- claiming: one claim of a due message among a backlog of messages that wait, or are due, divided by that with the
  smallest one;
- reading: the pages of messages and the list of calls with many messages, divided by that with the fewest. With the
  most, each is explained, and what reads a whole table is an error.

Worker and loop take turns in every round; a figure is the median over the rounds, and a ratio that of the medians. The
database is a new SQLite file unless a URL is given, which must be that of an empty database.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from itertools import count
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from smtplib import SMTP
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clinic import create_app
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.ids import new_id
from clinic.core.tenancy import clinic_scope, current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from clinic.notifications.models import Notification
from clinic.operations.setup import upgrade_database
from clinic.patients.service import Patient
from tests.builders import a_clinic, a_patient
from tests.load.many_messages import book_visits, fill, milliseconds, reads, scans
from tests.smtp_server import Mailbox, free_port

ROUNDS = 5
FIXED = {"SECRET_KEY": "bench" * 10, "MESSAGE_DELAY_SECONDS": 0}
VERSIONS = count(2)
"""Numbers that make each message of the one patient another one."""


def main() -> None:
    """Measure and print."""
    logging.disable(logging.CRITICAL)
    options = read_options()
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"SQLALCHEMY_DATABASE_URI": options.url or f"sqlite:///{folder}/bench.db", "INSTANCE_PATH": folder}
        smtp = f"smtp://127.0.0.1:{controller.port}"
        app = create_app({**settings, **FIXED, "SMTP_URL": smtp})
        with app.app_context():
            upgrade_database()
            clinic_id = a_clinic().id
        with app.app_context(), clinic_scope(clinic_id):
            patient = a_patient()
            send_all()
            workers = partial(Workers, options.workers, settings | {"SMTP_URL": smtp})
            compare_throughput(patient, mailbox, smtp, options.messages, workers)
            compare_claiming(patient, options.backlog)
        with app.app_context(), clinic_scope(clinic_id):
            whole = compare_reads(options.log)
    controller.stop()
    if whole:
        sys.exit("\n".join(whole))


def read_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url")
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--backlog", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--log", type=int, nargs="+", default=[10_000, 1_000_000])
    return parser.parse_args()


class Workers:
    """Several processes that send what is due each time they are called."""

    def __init__(self, number: int, settings: dict[str, str]) -> None:
        context = get_context("spawn")
        self.number, self.meeting = number, context.Barrier(number + 1)
        self.processes = [context.Process(target=work, args=(settings, self.meeting)) for _ in range(number)]

    def __enter__(self) -> "Workers":
        for process in self.processes:
            process.start()
        return self

    def __call__(self) -> None:
        self.meeting.wait()
        self.meeting.wait()

    def __exit__(self, *_error: object) -> None:
        for process in self.processes:
            process.terminate()
            process.join()


def work(settings: dict[str, str], meeting: Barrier) -> None:
    """Send what is due, in a process of its own, whenever all others are ready to."""
    logging.disable(logging.CRITICAL)
    app = create_app({**settings, **FIXED})
    with app.app_context():
        send_all()
        while True:
            meeting.wait()
            send_all()
            meeting.wait()


def compare_throughput(
    patient: Patient, mailbox: Mailbox, smtp: str, number: int, make_workers: Callable[[], Workers]
) -> None:
    """Print how many messages a second one worker, a loop and several workers hand over."""
    ours: list[float] = []
    loops: dict[str, list[float]] = {"a connection for each": [], "one connection": []}
    for _ in range(ROUNDS):
        queue(patient, number)
        mailbox.messages.clear()
        ours.append(timed(send_all))
        same = list(mailbox.messages)
        assert len(same) == number
        for spent, at_once in zip(loops.values(), (1, number), strict=True):
            spent.append(timed(partial(hand_over, same, smtp, at_once)))
    for name, plain in loops.items():
        ratio = median(loop / worker for loop, worker in zip(plain, ours, strict=True))
        worker, loop = number / median(ours), number / median(plain)
        print(f"messages a second: worker {worker:.0f}, loop with {name} {loop:.0f}, ratio {ratio:.2f}")
    together: list[float] = []
    with make_workers() as workers:
        for _ in range(ROUNDS):
            queue(patient, number)
            mailbox.messages.clear()
            together.append(timed(workers))
            assert len(mailbox.messages) == number
    several, loop = number / median(together), number / median(loops["a connection for each"])
    print(f"messages a second: {workers.number} workers {several:.0f}, ratio {several / loop:.2f}")


def send_all() -> None:
    """Let a worker send all that is due."""
    while send_due():
        pass


def compare_claiming(patient: Patient, backlog: list[int]) -> None:
    """Print what a claim costs with each backlog, and divided by the cost with the first one."""
    for name, waits in (("waiting", timedelta(days=30)), ("due", timedelta())):
        stored, first = 0, 0.0
        for size in backlog:
            queue(patient, size - stored, waits=waits)
            stored = size
            queue(patient, 100)
            spent = median([timed(notification_queue.claim) for _ in range(60)]) * 1000
            first = first or spent
            print(f"claim with {size} {name}: {spent:.2f} ms, ratio {spent / first:.2f}")


def compare_reads(sizes: list[int]) -> list[str]:
    """Print what reads cost with each number of messages; return those that read whole tables with the most."""
    visits, stored = book_visits(), 0
    first: dict[str, float] = {}
    for size in sizes:
        fill(visits, size - stored)
        stored = size
        analyse()
        spent = {name: milliseconds(read) for name, read in reads().items()}
        first = first or spent
        for name, each in spent.items():
            print(f"{name} with {size} messages: {each:.2f} ms, ratio {each / first[name]:.2f}")
    return [f"{name}: {step}" for name, read in reads().items() for step in scans(read)]


def analyse() -> None:
    """Let the database count its rows and see which pages are complete, as its own upkeep does."""
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if db.engine.dialect.name == "postgresql" else "ANALYZE")


def queue(patient: Patient, number: int, *, waits: timedelta = timedelta()) -> None:
    """Store messages to a patient, past the events."""
    at = now()
    same = {"patient_id": patient.id, "kind": "welcome", "about_id": patient.id, "state": "queued", "attempts": 0}
    fixed = {"clinic_id": current_clinic_id(), "offset_minutes": 0, "channel": "email", "handed_over": False}
    times = {"due_at": at + waits, "created_at": at}
    with unit_of_work():
        rows = [{"id": new_id(), "about_version": next(VERSIONS), **same, **fixed, **times} for _ in range(number)]
        for start in range(0, number, 5_000):
            db.session.connection().execute(insert(Notification), rows[start : start + 5_000])


def hand_over(messages: list[EmailMessage], smtp: str, at_once: int) -> None:
    """Hand messages over to a mail server, some over each connection."""
    address = urlsplit(smtp)
    for start in range(0, len(messages), at_once):
        with SMTP(address.hostname or "", address.port or 25) as server:
            for message in messages[start : start + at_once]:
                server.send_message(message)


def timed(act: Callable[[], object]) -> float:
    """Return how many seconds something takes."""
    begin = perf_counter()
    act()
    return perf_counter() - begin


if __name__ == "__main__":
    main()
