"""Canaries: another clinic with a row in every table, and a word in every text that nobody here may ever read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Integer, String, Table, Uuid, insert, update

from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.core.db.types import UTCDateTime
from tests.builders import MONDAY, a_clinic
from tests.databases import without_guards

WORD = "Kanarienvogel"
SHORTEST = "Kanarien"
"""What is looked for: in so short a text, too, there is room for it."""

THEIR_EMAIL = f"{WORD}@example.org"
PHONE = "+351919283746"
MINOR, AMOUNT = 8642975, "86429.75"

NOBODYS = {
    "audit_heads": "one row, about the trail of the whole installation",
    "patient_tokens": "an index that is only read together with its patients",
    "patient_token_sets": "an index that is only read together with its patients",
    "patient_name_variants": "an index of words, whose patients are read with it",
    "throttles": "keyed hashes of names and addresses",
}
"""Tables that belong to no clinic."""

WITHOUT = {
    "clinics.zone": ("Europe/Lisbon", "names a time zone"),
    "clinics.country": ("PT", "names a country"),
    "clinics.currency": ("EUR", "names a currency"),
    "clinics.locale": ("pt_PT", "names a locale"),
    "clinics.subdivision": ("11", "names a region"),
    "appointment_history.action": ("book", "names an action"),
    "appointment_history.from_status": ("booked", "names a state"),
    "appointment_history.to_status": ("booked", "names a state"),
    "memberships.role": ("receptionist", "names a role"),
    "staff_letters.kind": ("invitation", "constrained"),
    "staff_letters.state": ("sent", "else it would be sent, and rightly"),
    "patients.birth_date": ("1901-01-09", "a date"),
    "patients.state": ("active", "constrained"),
    "patients.sex": ("female", "constrained"),
    "patients.phone": (PHONE, "a phone number, looked for as well"),
    "patients.language": ("pt", "names a language"),
    "duplicate_pairs.state": ("to-decide", "constrained"),
    "patient_merges.unmerged_by": (None, "constrained"),
    "patients.merged_ids": (None, "ids"),
    "patients.phone_use": ("mobile", "names a use"),
    "patients.email_use": ("home", "names a use"),
    "patients.address_use": ("home", "names a use"),
    "patient_details.kind": ("identifier", "constrained"),
    "patient_details.until": ("2019", "a date"),
    "patient_details.use": ("work", "names a use"),
    "patient_details.type": ("passport", "names a type"),
    "patient_notes.kind": ("note", "constrained"),
    "related_persons.phone": (PHONE, "a phone number, looked for as well"),
    "recalls.state": ("open", "constrained"),
    "consent_answers.purpose": ("news", "constrained"),
    "consent_answers.channel": ("post", "constrained"),
    "consent_answers.state": ("no", "constrained"),
    "consent_answers.source": ("phone", "names a source"),
    "appointments.status": ("booked", "constrained"),
    "appointments.cancel_reason": ("other", "constrained"),
    "appointments.zone": ("Europe/Lisbon", "names a time zone"),
    "services.lengths": ([30], "numbers"),
    "services.colour": ("teal", "constrained"),
    "hours_exceptions.kind": ("leave", "constrained"),
    "deliveries.state": ("delivered", "constrained"),
    "billing_settings.number_pattern": ("INV-YYYY-#####", "a pattern"),
    "billing_settings.iban": ("PT50000201231234567890154", "checked"),
    "billing_settings.bic": ("HARBPTPL", "checked"),
    "tax_rates.category": ("E", "constrained"),
    "item_prices.currency": ("EUR", "names a currency"),
    "invoices.kind": ("invoice", "constrained"),
    "invoices.status": ("issued", "constrained"),
    "invoices.payer_kind": ("other", "constrained"),
    "invoices.currency": ("EUR", "names a currency"),
    "notifications.kind": ("welcome", "names a kind of letter"),
    "notifications.channel": ("email", "names a channel"),
    "notifications.state": ("sent", "constrained"),
    "notification_attempts.outcome": ("sent", "constrained"),
    "notification_settings.reminder_offsets": ([2880], "numbers"),
    "notification_settings.payment_reminder_days": ([7], "numbers"),
    "service_reminders.offsets": ([2880], "numbers"),
    "link_tokens.purpose": ("preferences", "constrained"),
    "test_mails.state": ("sent", "else it would be sent, and rightly"),
    "calls.result": ("no-answer", "constrained"),
    "invoice_lines.tax_category": ("E", "names a category"),
    "payments.currency": ("EUR", "names a currency"),
    "payments.kind": ("payment", "constrained"),
    "payments.method": ("card", "constrained"),
    "refunds.method": ("card", "constrained"),
    "refunds.reason": ("goodwill", "names a reason"),
    "credit_notes.reason": ("goodwill", "names a reason"),
    "credit_notes.taxes": ([], "amounts"),
    "payments.reversal_reason": (None, "only of reversed payments"),
}
"""Texts that can't hold a canary: what they hold instead, and why."""

_BILLED_TO = dict.fromkeys(("family_name", "given_name", "mrn", "address"), WORD) | {"birth_date": None}
_PARTICULARS = {
    "seller": {"name": WORD, "phone": None, "iban": None},
    "payer": {"name": WORD, "family_name": WORD, "given_name": WORD, "address": WORD, "tax_number": WORD},
    "visits": [],
}
_VALUES: dict[str, Any] = {
    "staff_members.email": THEIR_EMAIL,
    "staff_members.email_key": THEIR_EMAIL.casefold(),
    "staff_members.totp_on": True,
    "patients.estimated_age": None,
    "patients.age_on": None,
    "patients.email": f"{WORD}.patient@example.org",
    "patients.mrn": WORD.upper(),
    "patients.merged_into_id": None,
    "patients.sort_name": f"{WORD} sort".casefold(),
    "related_persons.other_id": None,
    "related_persons.is_contact": True,
    "related_persons.email": f"{WORD}.related@example.org",
    "notifications.recipient": f"{WORD}.recipient@example.org",
    "notification_settings.quiet_until": 60,
    "notifications.source": None,
    "memberships.denied": [WORD],
    "memberships.active": True,
    "api_keys.scopes": [WORD],
    "kept_forms.address": f"/{WORD}",
    "kept_forms.fields": [["name", WORD]],
    "audit_entries.changes": {"name": [None, WORD]},
    "audit_entries.position": None,
    "appointments.ends_at": MONDAY + timedelta(minutes=30),
    "appointments.blocked_from": MONDAY,
    "appointments.blocked_until": MONDAY + timedelta(minutes=30),
    "weekly_hours.ends": 60,
    "hours_exceptions.ends": 60,
    "closures.ends": 60,
    "invoices.total_minor": MINOR,
    "invoices.billed_to": _BILLED_TO,
    "invoices.particulars": _PARTICULARS,
    "invoices.payer_person_id": None,
    "invoice_lines.discount_thousandths": None,
    "invoices.paid_minor": 0,
    "invoices.credited_minor": 0,
    "invoices.written_off_minor": 0,
    "payments.amount_minor": MINOR,
    "payments.allocated_minor": 0,
    "payments.refunded_minor": 0,
    "payments.tendered_minor": None,
    "allocations.released_minor": 0,
    "credit_notes.number": WORD.upper(),
    "write_offs.undoes_id": None,
    "credit_notes.billed_to": _BILLED_TO,
    "credit_notes.particulars": _PARTICULARS,
}


_OF_ANOTHER_PATIENT = {"duplicate_pairs.second_id", "patient_merges.merged_id"}
"""Columns of rows about two patients; the other one has the greater id."""

_ANOTHER, _OPENING = "patients, another", "payments, opening"
_CLINICS = Base.metadata.tables["clinics"]


@dataclass(frozen=True)
class Canaries:
    """What another clinic has: the id of its row in each table, and every word by which it would be recognised."""

    clinic_id: UUID
    ids: dict[str, UUID]

    def rows_of(self, table: str) -> int:
        """Return how many rows a table has of the other clinic."""
        return len([name for name in self.ids if name.partition(",")[0] == table])

    def found_in(self, text: str, *, asked: Iterable[str] = ()) -> list[str]:
        """Return what a text contains of the other clinic, except what the request itself contained."""
        shown = text.casefold()
        known = [word for word in self._known if word in shown]
        for one in asked if known else ():
            if any(word in one.casefold() for word in known):
                shown = shown.replace(one.casefold(), "")
        return [word for word in known if word in shown]

    @cached_property
    def _known(self) -> list[str]:
        return [SHORTEST.casefold(), PHONE.removeprefix("+351"), AMOUNT, *map(str, self.ids.values())]


def plant(app: Flask) -> Canaries:
    """Set up another clinic with a row in every table that is a clinic's."""
    with app.app_context():
        clinic_id = a_clinic(name=f"{WORD} clinics.name").id
        ids = {table.name: uuid4() for table in clinic_tables()} | {"clinics": clinic_id}
        ids["patients"], ids[_ANOTHER] = sorted((uuid4(), uuid4()))
        ids[_OPENING] = uuid4()
        others: dict[str, dict[str, Any]] = {
            "patients": {"id": ids[_ANOTHER], "mrn": f"{WORD.upper()}2"},
            "payments": {"id": ids[_OPENING], "kind": "opening", "method": "other"},
        }
        others["payments"] |= {"invoice_id": None, "idempotency_key": None}
        with db.engine.begin() as connection, without_guards(connection, "invoice_lines"):
            contact = {name: f"{WORD} clinics.{name}" for name in ("address", "phone")} | {"email": THEIR_EMAIL}
            connection.execute(update(_CLINICS).values(contact).where(_CLINICS.c.id == clinic_id))
            for table in clinic_tables():
                if table.name != "clinics":
                    connection.execute(insert(table).values(_row(table, ids)))
                if table.name in others:
                    connection.execute(insert(table).values(_row(table, ids) | others[table.name]))
    return Canaries(clinic_id, ids)


def clinic_tables() -> Iterator[Table]:
    """Return the tables whose rows belong to a clinic, or to somebody who works in one."""
    return (table for table in Base.metadata.sorted_tables if table.name not in NOBODYS)


def texts() -> Iterator[Column[Any]]:
    """Return the columns into which somebody's words may get."""
    columns = (column for table in clinic_tables() for column in table.columns)
    return (column for column in columns if isinstance(column.type, String | JSON))


def _row(table: Table, ids: dict[str, UUID]) -> dict[str, Any]:
    return {column.name: _value(column, ids) for column in table.columns}


def _value(column: Column[Any], ids: dict[str, UUID]) -> Any:
    name = str(column)
    if name in WITHOUT:
        return WITHOUT[name][0]
    if name in _VALUES:
        return _VALUES[name]
    return _of_type(column, ids) if not isinstance(column.type, Uuid) else _id(column, ids)


def _id(column: Column[Any], ids: dict[str, UUID]) -> UUID:
    """Return the id of the row that a column refers to, by a foreign key or by its name."""
    if column.name == "id":
        return ids[column.table.name]
    if str(column) in _OF_ANOTHER_PATIENT:
        return ids[_ANOTHER]
    targets = [key.column for key in column.foreign_keys if key.column.name == "id"]
    named = {"clinic_id": "clinics", "patient_id": "patients", "member_id": "staff_members"}.get(column.name)
    return ids.get(targets[0].table.name if targets else named or "", uuid4())


def _of_type(column: Column[Any], ids: dict[str, UUID]) -> Any:
    default = getattr(column.default, "arg", None)
    if isinstance(column.type, JSON):
        return {"name": WORD}
    if isinstance(column.type, String):
        return f"{WORD} {column}"[: column.type.length]
    if isinstance(column.type, Boolean | Integer):
        return default if isinstance(default, bool | int) else int(not isinstance(column.type, Boolean))
    if isinstance(column.type, UTCDateTime | DateTime):
        return None if column.nullable else (MONDAY if column.name.startswith("start") else now())
    assert isinstance(column.type, Date), f"say in tests/access/canaries.py what {column} is to hold"
    return datetime.now(UTC).date()
