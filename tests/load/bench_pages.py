"""What three measures against slow answers bring, side by side.

`python tests/load/bench_pages.py [--patients 20000] [--rounds 60] [--postgres URL]`

1. The page of a day with 320 appointments, with the started objects frozen and a rare collector, as `wsgi.py` sets
   them, and as Python sets them: median and 95th percentile, in alternating rounds.
2. An exact search (a record number, a phone number) on PostgreSQL after ten broad ones on the same connection, with
   and without `force_custom_plans`. Needs `--postgres`, the URL of an empty database.
3. The size of the audit page after 55 views of the full day.
"""

import argparse
import gc
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from uuid import UUID

from flask import Flask

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clinic import create_app
from clinic.core.clock import now
from clinic.core.context import as_actor
from clinic.core.db import db, force_custom_plans
from clinic.core.ids import new_id
from clinic.core.tenancy import clinic_scope
from clinic.operations.setup import upgrade_database
from clinic.patients.search import matches
from clinic.patients.service import patient_service
from tests.builders import MONDAY, a_clinic, a_patient, a_practitioner, a_signed_in_administrator, an_appointment
from tests.page_client import PageClient

DAY = f"/appointments?day={MONDAY:%Y-%m-%d}"
BROAD = ("a", "s", "so", "p0", "an", "mar", "35191", "r", "sou", "pe")
FROZEN, PLAIN = "frozen, rare", "as Python does"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--postgres", metavar="URL")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    with TemporaryDirectory() as folder:
        app, client, clinic_id = _application(f"sqlite:///{folder}/clinic.db", Path(folder))
        with app.app_context(), clinic_scope(clinic_id), as_actor("import:bench"):
            _fill_day()
        _compare("day of 320", _day_times(client, options.rounds))
        for _ in range(55):
            client.get(DAY)
        print(f"audit page: {len(client.get('/audit').data)} bytes")
        if options.postgres:
            app, _, clinic_id = _application(options.postgres, Path(folder))
            with app.app_context(), clinic_scope(clinic_id):
                _fill_patients(clinic_id, options.patients)
                for query in ("P-000077", "+351 910 000 077"):
                    _compare(f"search {query}", _search_times(query, options.rounds))


def _compare(name: str, times: dict[str, list[float]]) -> None:
    """Print the median and the 95th percentile of two ways, and their ratios."""
    figures = {way: (statistics.median(taken), statistics.quantiles(taken, n=20)[18]) for way, taken in times.items()}
    (way, first), (other, second) = figures.items()
    print(f"{name}: {way} p50 {first[0]:.1f} p95 {first[1]:.1f} ms; {other} p50 {second[0]:.1f} p95 {second[1]:.1f} ms")
    print(f"{name}: ratio p50 {second[0] / first[0]:.2f}, p95 {second[1] / first[1]:.2f}")


def _application(url: str, folder: Path) -> tuple[Flask, PageClient, UUID]:
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder, "SECRET_KEY": "k" * 40})
    app.test_client_class = PageClient
    client = app.test_client()
    assert isinstance(client, PageClient)
    with app.app_context():
        upgrade_database()
        clinic = a_clinic()
        token, client.key = a_signed_in_administrator(clinic)
        client.keep(token)
        return app, client, clinic.id


def _fill_day() -> None:
    for number in range(20):
        practitioner = a_practitioner(f"Dr {number}")
        for slot in range(16):
            patient = a_patient(family_name=f"Sousa {number}-{slot}", email=None)
            an_appointment(patient, practitioner, MONDAY + timedelta(minutes=30 * slot))


def _day_times(client: PageClient, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {FROZEN: [], PLAIN: []}
    client.get(DAY)
    for _ in range(max(rounds // 10, 1)):
        with _frozen():
            times[FROZEN] += _timed(lambda: client.get(DAY), 10)
        times[PLAIN] += _timed(lambda: client.get(DAY), 10)
    return times


@contextmanager
def _frozen() -> Iterator[None]:
    """Set the collector as `wsgi.py` does."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _search_times(query: str, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    for way, force in (("custom plans", force_custom_plans), ("left to PostgreSQL", lambda: None)):
        matches.force_custom_plans = force  # type: ignore[attr-defined]
        db.session.remove()
        db.engine.dispose()
        for broad in BROAD:
            patient_service.search(broad)
        times[way] = _timed(lambda: patient_service.search(query), rounds)
    matches.force_custom_plans = force_custom_plans  # type: ignore[attr-defined]
    return times


def _timed(call: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        began = perf_counter_ns()
        call()
        taken.append((perf_counter_ns() - began) / 1e6)
    return taken


def _fill_patients(clinic_id: UUID, count: int) -> None:
    """Store patients past the service, which would take minutes, and index them."""
    rows: list[dict[str, object]] = []
    moment = now()
    for number in range(1, count + 1):
        name = ("Sousa", "Pereira", "Marques", "Andrade")[number % 4]
        rows.append(
            {"id": new_id(), "clinic_id": clinic_id, "mrn": f"P-{number:06d}", "family_name": name, "sex": "unknown"}
            | {"phone": f"+35191{number:07d}", "sort_name": f"{name.lower()} {number}", "version": 1}
            | {"created_at": moment, "updated_at": moment}
        )
    _insert(db.metadata.tables["patients"], rows)
    with clinic_scope(clinic_id):
        for _ in patient_service.reindex():
            pass


def _insert(table: object, rows: Sequence[dict[str, object]]) -> None:
    with db.engine.begin() as connection:
        connection.execute(table.insert(), rows)  # type: ignore[attr-defined]
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"ANALYZE {table}")


if __name__ == "__main__":
    main()
