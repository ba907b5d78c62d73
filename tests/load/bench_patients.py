"""How long a search of patients takes when there are many, against few.

`python tests/load/bench_patients.py [--few 10000] [--many 1000000] [--rounds 200] [--postgres URL] [--keep FOLDER]
[--only SQLite|PostgreSQL]`

For SQLite, and for PostgreSQL with `--postgres`, the URL of a server that may create databases: fills a small and a
large database with the people of `make_patients.py`, and times warm calls of the service for each kind of query, of
people who were drawn at random, in rounds that alternate. Prints the median and the 95th percentile for both, the ratio
of the percentiles and what it may be, and the bytes of the index per patient. With `--keep` the databases stay, and the
next run with it measures the same ones.
"""

import argparse
import gc
import os
import random
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns

from flask import Flask
from sqlalchemy import create_engine, make_url, select, text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clinic import create_app
from clinic.core.context import as_actor
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.core.text import fold
from clinic.identity.models import Clinic
from clinic.operations.setup import upgrade_database
from clinic.patients.service import patient_service
from tests.builders import a_clinic
from tests.load.make_patients import Person, fill, people

TABLES = ("patient_tokens", "patient_token_sets", "patient_name_variants")
DRAWN = 400

Query = Callable[[int, Person, random.Random], str | None]


def _typed_wrong(_number: int, person: Person, chance: random.Random) -> str | None:
    word = fold(person.family_name).split()[0]
    if len(word) < 5 or not word.isascii() or not word.isalpha():
        return None
    at = chance.randrange(len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _two_parts(_number: int, person: Person, _chance: random.Random) -> str | None:
    given, family = fold(person.given_name).split()[0], fold(person.family_name).split()[-1]
    return f"{given} {family}"


KINDS: dict[str, tuple[Query, float]] = {
    "prefix of 3 letters": (lambda _n, person, _c: fold(person.family_name)[:3], 2),
    "two parts": (_two_parts, 2),
    "two beginnings": (lambda _n, person, _c: f"{fold(person.given_name)[:3]} {fold(person.family_name)[:3]}", 2),
    "end of a phone": (lambda _n, person, _c: person.phone and person.phone[-6:], 2),
    "record number": (lambda number, _p, _c: f"P-{number}", 2),
    "birth date": (lambda _n, person, _c: person.birth_date if len(person.birth_date) > 4 else None, 2),
    "name and birth date": (lambda _n, person, _c: f"{person.family_name.split()[0]} {person.birth_date}", 2),
    "one typing error": (_typed_wrong, 5),
    "one letter": (lambda _n, person, _c: fold(person.family_name)[:1], 2),
}
"""The kinds of queries, and how many times as long they may take with many patients."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--keep", metavar="FOLDER", type=Path)
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {options.few} against {options.many} patients")
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(TemporaryDirectory()))
        if options.only != "PostgreSQL":
            urls = [f"sqlite:///{folder}/{name}.db" for name in ("few", "many")]
            _measure("SQLite", urls, folder, options)
        if options.postgres and options.only != "SQLite":
            kept = bool(options.keep)
            urls = [stack.enter_context(_database(options.postgres, name, kept=kept)) for name in ("few", "many")]
            _measure("PostgreSQL", urls, folder, options)


def _measure(name: str, urls: Sequence[str], folder: Path, options: argparse.Namespace) -> None:
    counts = (options.few, options.many)
    apps = [_application(url, folder, count) for url, count in zip(urls, counts, strict=True)]
    for app, count in zip(apps, counts, strict=True):
        print(f"{name}: {count} patients, {_index_bytes(app) / count:.0f} bytes of index each")
    persons = list(islice(people(options.few), options.few))
    gc.collect()
    gc.freeze()
    for kind, (query, most) in KINDS.items():
        drawn = _queries(query, persons)
        _print(f"{name}: {kind}", _timed(apps, drawn, options.rounds), most)
    for app in apps:
        with app.app_context():
            db.engine.dispose()


def _queries(query: Query, persons: Sequence[Person]) -> list[str]:
    """Return queries for people drawn at random, the same for both databases, which begin with the same people."""
    chance = random.Random(7)
    numbers = chance.sample(range(len(persons)), min(DRAWN, len(persons)))
    return [typed for number in numbers if (typed := query(number + 1, persons[number], chance))]


def _timed(apps: Sequence[Flask], queries: Sequence[str], rounds: int) -> list[list[float]]:
    """Time each query with every application in turn, so that what else the machine does slows all of them."""
    times: list[list[float]] = [[] for _ in apps]
    for number in range(-min(rounds, len(queries)), rounds):
        for app, taken in zip(apps, times, strict=True):
            elapsed = _one(app, queries[number % len(queries)])
            if number >= 0:
                taken.append(elapsed)
    return times


def _one(app: Flask, query: str) -> float:
    """Return the milliseconds of a search."""
    with app.app_context(), clinic_scope(app.config["BENCH_CLINIC"]), as_actor("import:bench"):
        began = perf_counter_ns()
        patient_service.find_matches(query, limit=20)
        elapsed = (perf_counter_ns() - began) / 1e6
        db.session.rollback()
    return elapsed


def _print(name: str, times: Sequence[Sequence[float]], most: float) -> None:
    (few, few_p95), (many, many_p95) = ((statistics.median(one), statistics.quantiles(one, n=20)[18]) for one in times)
    ratio = many_p95 / few_p95
    verdict = "ok" if ratio <= most else "TOO LONG"
    print(
        f"{name}: p50 {few:.1f} and {many:.1f} ms, p95 {few_p95:.1f} and {many_p95:.1f} ms, "
        f"ratio {ratio:.2f} of at most {most:g}: {verdict}",
        flush=True,
    )


def _application(url: str, folder: Path, count: int) -> Flask:
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder, "SECRET_KEY": "k" * 40})
    with app.app_context():
        upgrade_database()
        app.config["BENCH_CLINIC"] = db.session.scalar(select(Clinic.id))
        if app.config["BENCH_CLINIC"]:
            return app
        clinic_id = app.config["BENCH_CLINIC"] = a_clinic().id
    began = perf_counter_ns()
    with app.app_context(), clinic_scope(clinic_id), as_actor("import:bench"):
        fill(count)
    print(f"filled with {count} in {(perf_counter_ns() - began) / 1e9:.0f} s", flush=True)
    return app


def _index_bytes(app: Flask) -> int:
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            return sum(
                connection.scalar(text("SELECT pg_total_relation_size(CAST(:name AS regclass))"), {"name": name}) or 0
                for name in TABLES
            )
        return int(connection.scalar(text(_PAGES.format(", ".join(f"'{name}'" for name in TABLES)))) or 0)


_PAGES = "SELECT sum(pgsize) FROM dbstat WHERE name IN ({})"


@contextmanager
def _database(server: str, name: str, *, kept: bool) -> Iterator[str]:
    database = f"clinic_bench_{name}" if kept else f"clinic_bench_{name}_{os.getpid()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": database}):
            connection.execute(text(f"CREATE DATABASE {database}"))
    yield make_url(server).set(database=database).render_as_string(hide_password=False)
    if not kept:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
    engine.dispose()


if __name__ == "__main__":
    main()
