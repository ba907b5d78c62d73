"""Payments, each sent several times at once over HTTP, of whose answers some are lost, and what is stored in the end.

In full: `python -m tests.load.payments_sent_again 1000 --processes 4`, also with `--database postgresql://…/an_empty_one`;
`--unguarded` lets the server take every request for a new one, and then finds payments taken twice.

One third of the payments pay an invoice, one third are halves of one, one third are deposits. Each is sent 2 to 8 times
at once with one key. A client that loses an answer closes its connection before reading, and sends the payment again.
"""

import argparse
import json
import logging
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import func, select

from clinic import create_app
from clinic.billing.models import Invoice, Payment
from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.core.events.models import StoredEvent
from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from clinic.web.idempotency import HEADER, REPLAYED
from tests.billing.invoices import an_invoice, payment_fields
from tests.builders import a_clinic, a_patient
from tests.databases import make_tables
from tests.load.serving import application, serving

SERVER, UNGUARDED = "tests.load.payments_sent_again:server()", "PAYMENTS_UNGUARDED"
LOST, PATIENCE = 0.4, 300
"""The share of requests whose answer is not read, and the seconds after which a client gives up."""

Sent = tuple[str, str, dict[str, Any]]
"""Address, key and body of a payment."""


class Answer(NamedTuple):
    """What a client read: `busy` counts the answers that asked it to come again, `lost` those it did not read."""

    status: int
    body: bytes
    location: str | None
    replayed: bool
    busy: int
    lost: int


class Outcome(NamedTuple):
    """How often payments were sent, what was answered, and what is stored.

    `first` are the answers that are no replay, `unequal` the payments that were answered in more than one way; `rows`
    are the stored payments, `balanced` the invoices that are paid, `published` the events that say so, `findings` those
    of the audit.
    """

    sent: int
    lost: int
    busy: int
    statuses: dict[int, int]
    first: int
    unequal: int
    rows: int
    balanced: int
    published: int
    findings: int
    seconds: float


def server() -> Any:
    """Return the application that the processes of the server run."""
    app = application()
    if os.environ.get(UNGUARDED):
        app.wsgi_app = _with_new_keys(app.wsgi_app)
    return app


def _with_new_keys(wsgi_app: Callable[..., Any]) -> Callable[..., Any]:
    """Give every request a key of its own, so that none is known again."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        if "HTTP_IDEMPOTENCY_KEY" in environ:
            environ["HTTP_IDEMPOTENCY_KEY"] = token_urlsafe(24)
        return wsgi_app(environ, start_response)

    return call


def run(settings: dict[str, Any], *, payments: int, processes: int, unguarded: bool = False) -> Outcome:
    """Prepare an empty database, let all payments be sent, and return what came of them."""
    app = create_app(settings)
    logging.getLogger("clinic").setLevel(logging.ERROR)
    with app.app_context():
        make_tables()
        clinic_id = a_clinic().id
        with clinic_scope(clinic_id):
            _, key = api_key_service.create(label="Load", scopes=["all"])
            sent = _payments(payments)
        db.engine.dispose()
    environment = {UNGUARDED: "1" if unguarded else ""}
    with serving(settings, SERVER, **environment) as port, ProcessPoolExecutor(processes) as pool:
        began = time.monotonic()
        shares = [(port, key, sent[number::processes]) for number in range(processes)]
        answers = [answer for share in pool.map(_send_share, shares) for answer in share]
        seconds = time.monotonic() - began
    with app.app_context(), clinic_scope(clinic_id):
        outcome = _outcome(answers, seconds)
        db.engine.dispose()
    return outcome


def _payments(count: int) -> list[Sent]:
    """Issue invoices; return payments of whole ones, halves of others and deposits, in turn."""
    patients = [a_patient(email=None) for _ in range(8)]
    sent: list[Sent] = []
    half = ""
    for number in range(count):
        patient = patients[number % len(patients)]
        if number % 3 == 0:
            sent.append(_payment(f"invoices/{an_invoice(patient).id}/payments", "50.00"))
        elif number % 3 == 1:
            half, path = "" if half else str(an_invoice(patient).id), half
            sent.append(_payment(f"invoices/{half or path}/payments", "25.00"))
        else:
            path, deposit = "payments", {"patient_id": str(patient.id), "allocations": [], "keep_credit": True}
            sent.append(_payment(path, "12.50", **deposit))
    return sent


def _payment(path: str, amount: str, **fields: Any) -> Sent:
    return f"/api/v1/{path}", str(uuid4()), payment_fields(amount, **fields)


def _send_share(share: tuple[int, str, Sequence[Sent]]) -> list[list[Answer]]:
    """Send payments, one after the other, each several times at once; return the answers to each."""
    port, key, payments = share
    with ThreadPoolExecutor(8) as pool:
        return [_send_at_once(pool, port, key, payment) for payment in payments]


def _send_at_once(pool: ThreadPoolExecutor, port: int, key: str, payment: Sent) -> list[Answer]:
    chance = random.Random(payment[1])
    times = chance.randint(2, 8)
    loses, barrier = [chance.random() < LOST for _ in range(times)], Barrier(times)
    return list(pool.map(lambda lose: _send(barrier, port, key, payment, lose=lose), loses))


def _send(barrier: Barrier, port: int, key: str, payment: Sent, *, lose: bool) -> Answer:
    """Send a payment until it is answered, the first time perhaps without reading the answer."""
    path, name, fields = payment
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", HEADER: name}
    body, busy, end = json.dumps(fields), 0, time.monotonic() + PATIENCE
    barrier.wait()
    if lose:
        _send_and_hang_up(port, path, body, headers)
    while True:
        assert time.monotonic() < end, "no answer"
        connection = HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            read = answer.read()
        except (OSError, HTTPException):
            continue
        finally:
            connection.close()
        if "Retry-After" not in answer.headers:
            return Answer(answer.status, read, answer.headers["Location"], REPLAYED in answer.headers, busy, int(lose))
        busy += 1
        time.sleep(0.2)


def _send_and_hang_up(port: int, path: str, body: str, headers: dict[str, str]) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", path, body, headers)
        assert connection.sock
        connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    finally:
        connection.close()


def _outcome(answers: Sequence[Sequence[Answer]], seconds: float) -> Outcome:
    every = [answer for own in answers for answer in own]
    different = [{(answer.status, answer.body, answer.location) for answer in own} for own in answers]
    return Outcome(
        sent=len(every),
        lost=sum(answer.lost for answer in every),
        busy=sum(answer.busy for answer in every),
        statuses=dict(Counter(answer.status for answer in every)),
        first=sum(not answer.replayed for answer in every),
        unequal=sum(len(one) > 1 for one in different),
        rows=_count(Payment.id),
        balanced=_count(Invoice.id, Invoice.status == "balanced"),
        published=_count(StoredEvent.id, StoredEvent.type == "invoice.paid"),
        findings=len(billing_service.audit()),
        seconds=seconds,
    )


def _count(column: Any, *conditions: Any) -> int:
    return db.session.scalar(select(func.count(column)).where(*conditions)) or 0


def main() -> None:
    """Print what came of the payments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("payments", type=int)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--database")
    parser.add_argument("--unguarded", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{folder}/clinic.db"
        settings = {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder, "SECRET_KEY": token_urlsafe(48)}
        print(run(settings, payments=given.payments, processes=given.processes, unguarded=given.unguarded))


if __name__ == "__main__":
    main()
