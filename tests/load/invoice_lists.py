"""How long the first page of the list of invoices takes with many of them, against few."""

import gc
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import create_engine, make_url, text

from clinic import create_app
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.operations.setup import upgrade_database
from tests.builders import a_clinic, a_signed_in_administrator
from tests.load.make_invoices import fill
from tests.page_client import PageClient

MOST = 1.3
"""How many times as long the page may take with many invoices."""

VIEWS = {"page": "/invoices", "JSON": "/api/v1/invoices"}


def measure_lists(name: str, *, few: int, many: int, rounds: int, server: str | None) -> None:
    """Print the median of both lists with few and with many invoices, in alternating rounds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        sides = [_Side(stack, folder, server, label, count) for label, count in (("few", few), ("many", many))]
        gc.collect()
        gc.freeze()
        for view, address in VIEWS.items():
            times = _timed(sides, address, rounds)
            ratio = times[1] / times[0]
            verdict = "ok" if ratio <= MOST else "TOO LONG"
            print(
                f"{name}: first page of the list, {view}: {times[0]:.1f} ms of {few}, {times[1]:.1f} ms of {many}, ",
                end="",
            )
            print(f"ratio {ratio:.2f} of at most {MOST:g}: {verdict}", flush=True)


def _timed(sides: Sequence["_Side"], address: str, rounds: int) -> list[float]:
    times: list[list[float]] = [[] for _ in sides]
    for number in range(-3, rounds):
        for side, taken in zip(sides, times, strict=True):
            elapsed = side.get(address)
            if number >= 0:
                taken.append(elapsed)
    return [median(taken) for taken in times]


class _Side:
    """An application whose clinic has a number of invoices, and an administrator who looks at them."""

    def __init__(self, stack: ExitStack, folder: Path, server: str | None, label: str, count: int) -> None:
        url = _database(stack, server, label) if server else f"sqlite:///{folder}/{label}.db"
        settings = {"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "SECRET_KEY": "k" * 40}
        app = create_app(settings | {"INSTANCE_PATH": folder})
        logging.getLogger("clinic").setLevel(logging.ERROR)
        app.test_client_class = PageClient
        client = app.test_client()
        assert isinstance(client, PageClient)
        self.client = client
        began = perf_counter()
        with app.app_context():
            upgrade_database()
            clinic = a_clinic()
            with clinic_scope(clinic.id), as_actor("import:bench"):
                fill(count)
            token, client.key = a_signed_in_administrator(clinic)
        client.keep(token)
        print(f"filled with {count} invoices in {perf_counter() - began:.0f} s", flush=True)
        stack.callback(self._close)

    def get(self, address: str) -> float:
        """Return the milliseconds of a request."""
        began = perf_counter()
        answer = self.client.get(address)
        elapsed = (perf_counter() - began) * 1000
        assert answer.status_code == 200
        return elapsed

    def _close(self) -> None:
        with self.client.application.app_context():
            db.engine.dispose()


def _database(stack: ExitStack, server: str, label: str) -> str:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"clinic_bench_invoices_{label}"
    stack.callback(engine.dispose)
    stack.callback(_execute, engine, f"DROP DATABASE {name} WITH (FORCE)")
    _execute(engine, f"CREATE DATABASE {name}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _execute(engine: object, statement: str) -> None:
    with engine.connect() as connection:  # type: ignore[attr-defined]
        connection.execute(text(statement))
