"""Attempts of several processes to book the same times over HTTP, and what the database has in the end.

In full: `python -m tests.load.booking_attempts 10000 --processes 8`, also with `--database postgresql://…/an_empty_one`;
`--unguarded` switches off the check and the guard of the database, and then finds overlaps.
"""

import argparse
import json
import os
import random
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from sqlalchemy import text

from clinic import create_app
from clinic.appointments.booking import placing
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from tests.appointments.schedule import OVERLAPS, a_room, a_service
from tests.builders import MONDAY, a_clinic, a_patient, a_practitioner
from tests.databases import make_tables
from tests.load.serving import application, serving

SERVER, UNGUARDED = "tests.load.booking_attempts:server()", "BOOKING_UNGUARDED"
PRACTITIONERS, PATIENTS = 4, 24
STEP = 15
"""Minutes between two starts; each appointment lasts twice as long, so that neighbours overlap."""


class Outcome(NamedTuple):
    """The answers by status, the stored appointments, and the pairs of them that overlap."""

    statuses: dict[int, int]
    booked: int
    overlaps: int
    unexplained: int
    seconds: float


def server() -> Any:
    """Return the application that the worker processes of the server run."""
    if os.environ.get(UNGUARDED):
        setattr(placing, "load_bookings", lambda *_args, **_options: [])  # noqa: B010 - it is imported there
    return application()


def run(settings: dict[str, Any], *, attempts: int, processes: int, slots: int, unguarded: bool = False) -> Outcome:
    """Prepare an empty database, let all attempts be made, and return what came of them."""
    app = create_app(settings)
    with app.app_context():
        make_tables()
        key, bodies = _prepare(slots)
        if unguarded:
            _drop_guards()
    wanted = [random.Random(number).choice(bodies) for number in range(attempts)]
    environment = {UNGUARDED: "1" if unguarded else ""}
    with serving(settings, SERVER, **environment) as port, ProcessPoolExecutor(processes) as pool:
        began = time.monotonic()
        shares = [(port, key, wanted[number::processes]) for number in range(processes)]
        answers = [answer for share in pool.map(_attempt, shares) for answer in share]
        seconds = time.monotonic() - began
    with app.app_context():
        outcome = _outcome(answers, seconds)
        db.engine.dispose()
    return outcome


def _prepare(slots: int) -> tuple[str, list[dict[str, Any]]]:
    """Set up a clinic; return an API key, and every body with which somebody may try to book."""
    with clinic_scope(a_clinic().id):
        _, key = api_key_service.create(label="Load", scopes=["all"])
        service = a_service(rooms=[a_room("A", places=2), a_room("B")]).id
        practitioners = [a_practitioner(f"Dr {number}").id for number in range(PRACTITIONERS)]
        patients = [a_patient(family_name=f"Patient {number}", email=None).id for number in range(PATIENTS)]
    starts = [MONDAY + timedelta(minutes=STEP * number) for number in range(slots)]
    return key, [
        {
            "patient_id": str(patient),
            "practitioner_id": str(practitioner),
            "starts_at": start.isoformat(),
            "ends_at": (start + timedelta(minutes=2 * STEP)).isoformat(),
            "service_id": str(service) if number % 2 else None,
        }
        for start in starts
        for practitioner in practitioners
        for number, patient in enumerate(patients)
    ]


def _drop_guards() -> None:
    with db.engine.begin() as connection:
        for who in ("practitioner", "patient", "room"):
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"ALTER TABLE appointments DROP CONSTRAINT appointments_{who}_free"))
                continue
            for moment in ("insert", "update"):
                connection.execute(text(f"DROP TRIGGER appointments_{who}_free_{moment}"))


def _attempt(share: tuple[int, str, list[dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    """Send some attempts one after another; return the status of each."""
    port, key, bodies = share
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answers = []
    for body in bodies:
        connection = HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("POST", "/api/v1/appointments", json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        answers.append((answer.status, body))
    return answers


def _outcome(answers: list[tuple[int, dict[str, Any]]], seconds: float) -> Outcome:
    with db.engine.connect() as connection:
        booked = connection.execute(text("SELECT COUNT(*) FROM appointments")).scalar_one()
        overlaps = connection.execute(text(OVERLAPS)).scalar_one()
    statuses = dict(Counter(status for status, _ in answers))
    return Outcome(statuses, booked, overlaps, _unexplained(answers), seconds)


def _unexplained(answers: list[tuple[int, dict[str, Any]]]) -> int:
    """Return how many refused attempts were possible: no booking in the way, and a place free in a room."""
    made = [body for status, body in answers if status == 201]
    refused = [body for status, body in answers if status != 201]
    return sum(_was_possible(body, made) for body in refused)


def _was_possible(body: dict[str, Any], made: list[dict[str, Any]]) -> bool:
    there = [other for other in made if other["starts_at"] < body["ends_at"] and other["ends_at"] > body["starts_at"]]
    people = ("patient_id", "practitioner_id")
    if any(other[who] == body[who] for other in there for who in people):
        return False
    return not body["service_id"] or sum(bool(other["service_id"]) for other in there) < 3


def main() -> None:
    """Print what came of the attempts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attempts", type=int)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--slots", type=int, default=200)
    parser.add_argument("--database")
    parser.add_argument("--unguarded", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{folder}/clinic.db"
        settings = {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder, "SECRET_KEY": token_urlsafe(48)}
        names = ("attempts", "processes", "slots", "unguarded")
        print(run(settings, **{name: getattr(given, name) for name in names}))


if __name__ == "__main__":
    main()
