"""Whether the time of a refused sign-in shows if an account exists.

`python tests/load/time_sign_in.py [--count 500] [--cheap]`

A wrong password is sent for a known account, an unknown address and a deactivated person, in turn, each from an
address of its own, to an application on a fresh SQLite database. Medians, the z of Mann and Whitney's test against the
known account (beyond ±2.58 at one chance in a hundred) and a bootstrap interval of the difference of medians are
printed. `--cheap` hashes at hardly any cost, so that what is left is more plain to see.
"""

import argparse
import os
import random
import sys
from collections.abc import Sequence
from itertools import count
from math import sqrt
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select, update

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clinic import create_app
from clinic.core.db import db
from clinic.identity import passwords
from clinic.operations.setup import upgrade_database
from tests.builders import a_clinic, a_member
from tests.page_client import PageClient, hidden_value

KINDS = ("known", "unknown", "deactivated")
TRIES = 20
"""Tries for one account: more would be refused without looking."""

_addresses = count()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--cheap", action="store_true")
    options = parser.parse_args()
    if options.cheap:
        passwords.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with TemporaryDirectory() as folder:
        app = _application(Path(folder), options.count)
        before = os.getloadavg()
        times = _measure(app, options.count)
    print(f"{options.count} of each kind, load {before[0]:.1f} before, {os.getloadavg()[0]:.1f} after")
    for kind in KINDS:
        low, high = _interval(times["known"], times[kind])
        z = _mann_whitney(times["known"], times[kind])
        print(f"{kind:12} median {median(times[kind]):7.2f} ms   z {z:+.2f}   difference {low:+.2f} to {high:+.2f} ms")


def _application(folder: Path, tries: int) -> Flask:
    url = f"sqlite:///{folder / 'clinic.db'}"
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder, "SECRET_KEY": "k" * 40})
    app.test_client_class = PageClient
    with app.app_context():
        upgrade_database()
        clinic_id = a_clinic().id
        stored = passwords.hash_password("a harbour full of boats")
        for number in range(-(-tries // TRIES)):
            for kind in ("known", "deactivated"):
                a_member(clinic_id, "receptionist", email=f"{kind}-{number}@example.org", password_hash=stored)
        _deactivate()
    return app


def _deactivate() -> None:
    members, memberships = db.metadata.tables["staff_members"], db.metadata.tables["memberships"]
    theirs = select(members.c.id).where(members.c.email.startswith("deactivated"))
    with db.engine.begin() as connection:
        connection.execute(update(memberships).where(memberships.c.member_id.in_(theirs)).values(active=False))


def _measure(app: Flask, tries: int) -> dict[str, list[float]]:
    """Return the milliseconds of each refused sign-in by kind; the kinds take turns in a random order."""
    client = app.test_client()
    token = hidden_value(client.get("/login").text, "csrf_token")
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(-5, tries):
        for kind in random.sample(KINDS, len(KINDS)):
            email = f"{kind}-{max(number, 0) // TRIES}@example.org"
            data = {"csrf_token": token, "email": email, "password": "a wrong password"}
            place = next(_addresses)
            address = f"10.{place >> 16 & 255}.{place >> 8 & 255}.{place & 255}"
            began = perf_counter_ns()
            answer = client.post("/login", data=data, environ_base={"REMOTE_ADDR": address})
            took = (perf_counter_ns() - began) / 1e6
            if answer.status_code != 422:
                sys.exit(f"{kind} is answered {answer.status}")
            if number >= 0:
                times[kind].append(took)
    return times


def _mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the z of Mann and Whitney's U, without ties."""
    ranked = sorted([(one, 0) for one in first] + [(one, 1) for one in second])
    ranks = sum(rank for rank, (_, of) in enumerate(ranked, 1) if of == 1)
    n, m = len(first), len(second)
    u = ranks - m * (m + 1) / 2
    return (u - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)


def _interval(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the second median less the first."""
    chance = random.Random(1)
    resampled = sorted(
        median(chance.choices(second, k=len(second))) - median(chance.choices(first, k=len(first))) for _ in range(1000)
    )
    return resampled[25], resampled[974]


if __name__ == "__main__":
    main()
