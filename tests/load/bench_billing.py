"""What an invoice costs over the JSON API, beside a bare Flask program, and the list of many beside that of few.

`python tests/load/bench_billing.py [--rounds 60] [--postgres URL] [--cpu] [--few 10000] [--many 1000000] [--no-lists]`

An invoice with one line is created, issued and paid by three requests of a test client. The bare program
(`bare_billing.py`) executes what was recorded of ours with the driver alone: draft, line, number, payment, allocation,
events, deliveries, receipts of the idempotency keys, audit entries and the message to the patient. Both take turns in
every round, on a new SQLite file each, or on PostgreSQL on databases of the server of a URL; a figure is the median
over the rounds, and the ratio that of the medians. With `--cpu` the processor time of this process is measured instead
of the clock: figures of a busy machine can then be compared. The garbage collector is set as in `wsgi.py`.

Then the first page of the list of invoices is opened in turns where there are few invoices and where there are many.
"""

import argparse
import gc
import logging
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, make_url, text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clinic import create_app
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from clinic.operations.setup import upgrade_database
from tests.billing.invoices import line_fields, payment_fields
from tests.builders import a_clinic, a_patient
from tests.load.bare_billing import BareProgram, Step, recorded
from tests.load.invoice_lists import measure_lists

MOST = 4.0
"""How many times as long as the bare program ours may take."""

Call = Callable[[], None]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--no-lists", action="store_true")
    options = parser.parse_args()
    clock = process_time if options.cpu else perf_counter
    _invoice("SQLite", _sqlite_files, options.rounds, clock)
    if options.postgres:
        _invoice("PostgreSQL", lambda: _postgres_databases(options.postgres), options.rounds, clock)
    lists = {} if options.no_lists else {"SQLite": None, "PostgreSQL": options.postgres}
    for name, server in lists.items():
        if server or name == "SQLite":
            given = {"few": options.few, "many": options.many, "rounds": options.rounds}
            measure_lists(name, **given, server=server)


def _invoice(name: str, databases: Callable[[], Any], rounds: int, clock: Callable[[], float]) -> None:
    """Print what an invoice costs with both programs."""
    with databases() as (url, copied, connect):
        ours = _Ours(url)
        ours.invoice()
        steps = ours.recorded_steps()
        copied(ours.app)
        bare = _Bare(BareProgram(connect, steps, is_sqlite=url.startswith("sqlite")), ours)
        times = _medians(clock, rounds, ours.invoice, bare.invoice)
        ours.check_same_rows(bare.program)
        ours.close()
    ratio = times[0] / times[1]
    verdict = "ok" if ratio <= MOST else "TOO LONG"
    print(f"{name}: an invoice created, issued and paid: ours {times[0]:.2f} ms, bare {times[1]:.2f} ms, ", end="")
    print(f"ratio {ratio:.2f} of at most {MOST:g}: {verdict}", flush=True)


def _medians(clock: Callable[[], float], rounds: int, *calls: Call) -> list[float]:
    """Return the median milliseconds of calls that take turns, after some that are not counted."""
    times: list[list[float]] = [[] for _ in calls]
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    for number in range(-10, rounds):
        for samples, call in zip(times, calls, strict=True):
            begun = clock()
            call()
            if number >= 0:
                samples.append((clock() - begun) * 1000)
    return [median(samples) for samples in times]


class _Ours:
    """The clinic's own program on an empty database, and a client with an API key."""

    def __init__(self, url: str) -> None:
        self.folder = TemporaryDirectory()
        settings = {"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "SECRET_KEY": "k" * 40}
        self.app = create_app(settings | {"INSTANCE_PATH": Path(self.folder.name)})
        logging.getLogger("clinic").setLevel(logging.ERROR)
        with self.app.app_context():
            upgrade_database()
            self.clinic_id = a_clinic().id
            with clinic_scope(self.clinic_id):
                _, self.key = api_key_service.create(label="Bench", scopes=["all"])
                self.patient_id = str(a_patient().id)
        self.client = self.app.test_client()

    def invoice(self) -> None:
        """Create, issue and pay an invoice."""
        for _ in self._requests():
            pass

    def recorded_steps(self) -> dict[str, Step]:
        """Return what each request writes and answers."""
        requests, steps = self._requests(), {}
        with self.app.app_context():
            engine = db.engine
        for name in ("create", "issue", "pay"):
            with recorded(engine) as transactions:
                answer = next(requests)
            steps[name] = Step(transactions, answer)
        return steps

    def check_same_rows(self, program: BareProgram) -> None:
        """Check that each table has as many rows as that of the bare program."""
        with self.app.app_context(), db.engine.connect() as connection:
            for table in db.metadata.tables:
                rows = connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one()
                assert rows == program.count_rows(table), table

    def close(self) -> None:
        """Close the connections."""
        with self.app.app_context():
            db.engine.dispose()
        self.folder.cleanup()

    def _requests(self) -> Iterator[Any]:
        body = {"patient_id": self.patient_id, "lines": [line_fields()]}
        draft = _sent(self.client, "/api/v1/invoices", body, self.key)
        yield draft
        address = f"/api/v1/invoices/{draft['id']}"
        yield _sent(self.client, f"{address}/issue", {}, self.key)
        yield _sent(self.client, f"{address}/payments", payment_fields(), self.key)


class _Bare:
    """A client of the bare program."""

    def __init__(self, program: BareProgram, ours: _Ours) -> None:
        self.program, self.client, self.key = program, program.app.test_client(), ours.key
        self.draft = {"patient_id": ours.patient_id, "clinic_id": str(ours.clinic_id), "lines": [line_fields()]}

    def invoice(self) -> None:
        """Create, issue and pay an invoice."""
        draft = _sent(self.client, "/invoices", self.draft, self.key)
        address = f"/invoices/{draft['id']}"
        _sent(self.client, f"{address}/issue", {}, self.key)
        _sent(self.client, f"{address}/payments", payment_fields(), self.key)


def _sent(client: FlaskClient, address: str, body: Any, key: str) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": str(uuid4())}
    answer = client.post(address, json=body, headers=headers)
    assert answer.status_code in {200, 201}, answer.text
    return answer.get_json()


@contextmanager
def _sqlite_files() -> Iterator[tuple[str, Callable[[Flask], None], Callable[[], Any]]]:
    """Yield the URL of a file, what copies it for the bare program, and what connects to the copy."""
    with TemporaryDirectory() as folder:
        first, second = Path(folder) / "ours.db", Path(folder) / "bare.db"

        def copy(app: Flask) -> None:
            with app.app_context():
                db.engine.dispose()
            shutil.copy(first, second)

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(second, isolation_level=None)
            for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {setting}")
            return connection

        yield f"sqlite:///{first}", copy, connect


@contextmanager
def _postgres_databases(server: str) -> Iterator[tuple[str, Callable[[Flask], None], Callable[[], Any]]]:
    """Yield the same of two databases on a server."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    first, second = (f"clinic_bench_{uuid4().hex[:8]}" for _ in range(2))
    urls = [make_url(server).set(database=name).render_as_string(hide_password=False) for name in (first, second)]

    def execute(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    def copy(app: Flask) -> None:
        with app.app_context():
            db.engine.dispose()
        execute(f"CREATE DATABASE {second} TEMPLATE {first}")

    with ExitStack() as stack:
        stack.callback(engine.dispose)
        stack.callback(execute, f"DROP DATABASE IF EXISTS {second} WITH (FORCE)")
        stack.callback(execute, f"DROP DATABASE IF EXISTS {first} WITH (FORCE)")
        execute(f"CREATE DATABASE {first}")
        plain = create_engine(urls[1], isolation_level="AUTOCOMMIT")
        yield urls[0], copy, lambda: plain.raw_connection().driver_connection
        plain.dispose()


if __name__ == "__main__":
    main()
