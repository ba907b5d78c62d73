"""From the register to the receipt: the four events, on pages, in JSON and by commands alike."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, select

from clinic.appointments.service import appointment_service
from clinic.billing.service import billing_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.events import event_bus, handler_name
from clinic.core.events.models import Delivery, StoredEvent
from clinic.core.events.types import declared_events
from clinic.notifications.models import Notification
from tests.builders import MONDAY, a_practitioner, an_appointment
from tests.fixtures import Here, Run
from tests.page_client import PageClient, hidden_value

KINDS = ["welcome", "confirmation", "cancellation", "receipt"]


class Face(Protocol):
    """One of the three ways to do the same."""

    def register(self) -> tuple[str, str]: ...
    def book(self, number: str, patient_id: str, practitioner_id: UUID) -> str: ...
    def cancel(self, appointment_id: str) -> None: ...
    def bill_and_pay(self, number: str, patient_id: str) -> str: ...


class Pages:
    """The front desk."""

    def __init__(self, client: PageClient) -> None:
        self.client = client

    def register(self) -> tuple[str, str]:
        sent = self.client.submit("/patients/new", family_name="Weiß", given_name="Jörg", email="joerg@example.org")
        assert sent.status_code == 303
        return "P-000001", sent.location.rpartition("/")[2]

    def book(self, number: str, patient_id: str, practitioner_id: UUID) -> str:
        sent = self.client.submit(
            "/appointments/new",
            patient=number,
            practitioner_id=practitioner_id,
            day="2029-11-26",
            time="9:30",
            minutes="30",
        )
        assert sent.status_code == 303
        assert self.client.get(sent.location).status_code == 200
        return str(sent.location.rpartition("appointment=")[2])

    def cancel(self, appointment_id: str) -> None:
        page = f"/appointments/{appointment_id}"
        version = hidden_value(self.client.get(page).text, "version")
        assert self.client.submit(f"{page}/cancellation", reason="patient", version=version).status_code == 303

    def bill_and_pay(self, number: str, patient_id: str) -> str:
        line = {"lines-0-description": "Visit", "lines-0-quantity": "1", "lines-0-unit_price": "45"}
        form = self.client.get(f"/invoices/new?patient={patient_id}").text
        names = {name for name in ("description", "quantity", "unit_price") if f'name="lines-0-{name}"' in form}
        assert len(names) == 3
        draft = self.client.submit("/invoices/new", patient=patient_id, **line)
        assert draft.status_code == 303, draft.text
        page = draft.location
        version = hidden_value(self.client.get(page).text, "version")
        assert self.client.submit(f"{page}/issue", version=version).status_code == 303
        key = hidden_value(self.client.get(page).text, "key")
        paid = self.client.submit(f"{page}/payments", amount="45,00", method="card", key=key)
        assert paid.status_code == 303, paid.text
        return str(page.rpartition("/")[2])


class Json:
    """An integrator's program."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def send(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        response = self.client.post(f"/api/v1{path}", json=body, headers=headers)
        assert response.status_code in {200, 201}, response.text
        return response.get_json()

    def register(self) -> tuple[str, str]:
        body = {"family_name": "Weiß", "given_name": "Jörg", "email": "joerg@example.org"}
        patient = self.send("/patients", body)
        return patient["mrn"], patient["id"]

    def book(self, number: str, patient_id: str, practitioner_id: UUID) -> str:
        body = {
            "patient_id": patient_id,
            "practitioner_id": str(practitioner_id),
            "starts_at": "2029-11-26T09:30:00Z",
            "ends_at": "2029-11-26T10:00:00Z",
        }
        return str(self.send("/appointments", body)["id"])

    def cancel(self, appointment_id: str) -> None:
        self.send(f"/appointments/{appointment_id}/cancel", {"reason": "patient"})

    def bill_and_pay(self, number: str, patient_id: str) -> str:
        money = {"amount": "45.00", "currency": "EUR"}
        line = {"description": "Visit", "quantity": "1", "unit_price": money}
        invoice = self.send("/invoices", {"patient_id": patient_id, "lines": [line]})["id"]
        self.send(f"/invoices/{invoice}/issue", {})
        self.send(f"/invoices/{invoice}/payments", {"amount": money, "method": "card"}, **{"Idempotency-Key": "k" * 16})
        return str(invoice)


class Commands:
    """An operator."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def run_json(self, *words: Any) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def register(self) -> tuple[str, str]:
        patient = self.run_json(
            "patients", "add", "--family-name", "Weiß", "--given-name", "Jörg", "--email", "joerg@example.org"
        )
        return patient["mrn"], patient["id"]

    def book(self, number: str, patient_id: str, practitioner_id: UUID) -> str:
        result = self.run_json(
            "appointments",
            "book",
            "--patient",
            number,
            "--practitioner",
            practitioner_id,
            "--starts",
            "2029-11-26 9:30",
        )
        return str(result["id"])

    def cancel(self, appointment_id: str) -> None:
        self.run_json("appointments", "cancel", appointment_id, "--reason", "patient")

    def bill_and_pay(self, number: str, patient_id: str) -> str:
        invoice = self.run_json("billing", "create", "--patient", number, "--line", "Visit|1|45.00", "--issue")
        self.run_json("billing", "pay", invoice["number"], "45.00", "--method", "card")
        return str(invoice["id"])


@pytest.fixture(params=["pages", "json", "commands"])
def face(request: pytest.FixtureRequest, client: PageClient, run: Run) -> Face:
    """Each of the three faces in turn."""
    faces: dict[str, Face] = {"pages": Pages(client), "json": Json(client), "commands": Commands(run)}
    return faces[request.param]


@pytest.fixture
def practitioner_id(here: Here) -> UUID:
    """Somebody to come to."""
    with here():
        return a_practitioner().id


@pytest.mark.breadth
@pytest.mark.both_databases
def test_the_events_happen_with_exactly_their_keys_are_stored_delivered_and_heard(
    face: Face, here: Here, practitioner_id: UUID, published: list[tuple[str, dict[str, Any]]], clinic: Any
) -> None:
    number, patient_id = face.register()
    appointment_id = face.book(number, patient_id, practitioner_id)
    face.cancel(appointment_id)
    invoice_id = face.bill_and_pay(number, patient_id)

    expected = [
        ("patient.created", {"patient_id": patient_id, "clinic_id": str(clinic.id)}),
        ("appointment.scheduled", {"appointment_id": appointment_id, "patient_id": patient_id}),
        ("appointment.cancelled", {"appointment_id": appointment_id}),
        ("invoice.issued", {"invoice_id": invoice_id}),
        (
            "payment.recorded",
            {"payment_id": published[-2][1].get("payment_id"), "patient_id": patient_id, "amount": "45.00"},
        ),
        ("invoice.paid", {"invoice_id": invoice_id, "amount": "45.00"}),
    ]
    assert published == expected
    with here():
        stored = db.session.execute(select(StoredEvent.type, StoredEvent.data).order_by(StoredEvent.id)).all()
        assert [tuple(row) for row in stored] == expected
        kinds = db.session.scalars(select(Notification.kind).order_by(Notification.id)).all()
        assert kinds == KINDS


def _attend(patient_id: UUID, practitioner_id: UUID) -> None:
    """Let a patient come to one visit and miss another one."""
    at = now().replace(microsecond=0) - timedelta(hours=3)
    people: dict[str, Any] = {"patient_id": patient_id, "practitioner_id": practitioner_id}
    times: list[dict[str, Any]] = [
        {"starts_at": at + timedelta(hours=hour), "ends_at": at + timedelta(hours=hour + 1)} for hour in range(2)
    ]
    came = appointment_service.create(**people, **times[0], overbook_reason="Written down later")
    appointment_service.arrive(came.id)
    appointment_service.check_in(came.id)
    appointment_service.fulfil(came.id)
    missed = appointment_service.create(**people, **times[1], overbook_reason="Written down later")
    appointment_service.mark_no_show(missed.id)


def _correct(invoice_id: UUID) -> None:
    """Reverse the payment of an invoice, and credit it."""
    (payment,) = billing_service.payments_of(invoice_id).rows
    billing_service.reverse_payment(payment.id, reason="Entered by mistake")
    billing_service.credit_invoice(invoice_id, reason="goodwill")


@pytest.mark.breadth
@pytest.mark.both_databases
def test_every_declared_event_goes_through_every_handler(
    face: Face, here: Here, practitioner_id: UUID, failed_handlers: list[str]
) -> None:
    number, patient_id = face.register()
    appointment_id = face.book(number, patient_id, practitioner_id)
    with here():
        appointment_service.reschedule(UUID(appointment_id), starts_at=MONDAY + timedelta(hours=2))
        appointment_service.cancel(UUID(appointment_id))
        appointment_service.undo(UUID(appointment_id))
    face.cancel(appointment_id)
    invoice_id = face.bill_and_pay(number, patient_id)

    with here():
        _attend(UUID(patient_id), practitioner_id)
        _correct(UUID(invoice_id))
        joined = select(StoredEvent.type, Delivery.handler, Delivery.state).join(
            Delivery, Delivery.event_id == StoredEvent.id
        )
        done = {(row.type, row.handler) for row in db.session.execute(joined) if row.state == "delivered"}
    assert done == {
        (declared.name, handler_name(handler))
        for declared in declared_events()
        for handler in event_bus.handlers(declared.name)
    }
    assert failed_handlers == []


@pytest.fixture
def queries(app: Flask) -> Iterator[list[str]]:
    """The SQL statements that are executed."""
    seen: list[str] = []

    def note(_connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_no_page_asks_the_database_more_than_twelve_times(client: PageClient, here: Here, queries: list[str]) -> None:
    with here():
        appointments = [an_appointment(starts_at=MONDAY + timedelta(minutes=number)) for number in range(25)]
        patient_id, appointment_id = appointments[0].patient_id, appointments[0].id
    pages = [
        "/patients",
        "/patients?q=pereira",
        f"/patients/{patient_id}",
        f"/patients/{patient_id}/edit",
        "/patients/new",
    ]
    pages += ["/appointments?day=2029-11-26", "/appointments/new", f"/appointments/{appointment_id}"]
    pages += ["/invoices", f"/invoices/new?patient={patient_id}", "/messages", "/api/docs"]
    asked = {}
    for page in pages:
        queries.clear()
        assert client.get(page).status_code == 200
        asked[page] = len([statement for statement in queries if not statement.startswith(("BEGIN", "PRAGMA"))])

    assert {page: count for page, count in asked.items() if count > 12} == {}
