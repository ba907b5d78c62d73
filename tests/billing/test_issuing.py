"""Issuing a draft: what it copies, when it is refused, which date it gets, and that it stays as it is."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
import time_machine
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.billing.issue_rules import (
    NO_PAYER_ADDRESS,
    NO_SELLER_ADDRESS,
    NO_SELLER_TAX_NUMBER,
    needs_confirmation,
    payer_refused,
)
from clinic.billing.payer_rules import ARCHIVED, DIED
from clinic.billing.service import (
    DateNotConfirmed,
    Invoice,
    InvoiceIncomplete,
    billing_service,
    billing_settings_service,
    tax_rate_service,
)
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.identity.clinics import clinic_service
from clinic.patients.service import Patient, patient_service, related_person_service
from tests.billing.invoices import a_draft, a_line, a_seller, an_invoice, euros
from tests.billing.prices import a_tax, an_exemption
from tests.builders import an_appointment, somebody

pytestmark = pytest.mark.usefixtures("inside")

ADDRESS = "Rua das Flores 18\n4050-262 Porto"
MONDAY = date(2026, 11, 23)


def a_taxed_draft(patient: Patient | None = None, cents: int = 5000, **fields: Any) -> Invoice:
    """Draft an invoice of one exempt line."""
    line = a_line(cents) | {"tax_rate_id": an_exemption().id}
    return billing_service.create(patient_id=(patient or somebody()).id, lines=[line], **fields)


def reasons_of(invoice: Invoice) -> list[str]:
    """Return why a draft can't be issued."""
    with pytest.raises(InvoiceIncomplete) as refused:
        billing_service.issue(invoice.id)
    assert refused.value.details == {"reasons": list(refused.value.reasons)}
    return list(refused.value.reasons)


@pytest.mark.slow
def test_an_invoice_copies_seller_payer_patient_and_visits(published) -> None:
    a_seller(legal_name="Harbour, Lda.", iban="PT50000201231234567890154", footer="Reg. 1")
    patient = somebody(address=ADDRESS, identifiers=[{"type": "pt-nif", "value": "123456789"}])
    visit = an_appointment(patient)

    with time_machine.travel("2026-11-23T12:00:00Z", tick=False):
        draft = a_taxed_draft(patient, appointment_id=visit.id)
        invoice = billing_service.issue(draft.id)

    assert (invoice.issued_on, invoice.due_on) == (MONDAY, date(2026, 12, 7))
    assert (invoice.served_from, invoice.served_until) == (date(2029, 11, 26), date(2029, 11, 26))
    assert (invoice.seller or {}).items() >= {
        "name": "Harbour, Lda.",
        "tax_number": "PT 509 000 111",
        "iban": "PT50000201231234567890154",
        "footer": "Reg. 1",
    }.items()
    assert invoice.billed_payer == {
        "name": None,
        "family_name": "Pereira",
        "given_name": "Inês",
        "address": ADDRESS,
        "tax_number": "123456789",
    }
    assert [visit["practitioner"] for visit in invoice.visits] == ["Dr Amara Okafor"]
    assert (invoice.payer_kind, invoice.version) == ("patient", 2)
    assert [data for name, data in published if name == "invoice.issued"] == [{"invoice_id": str(invoice.id)}]


@pytest.mark.slow
def test_an_issued_invoice_stays_as_it_was_printed() -> None:
    a_seller()
    patient = somebody(address=ADDRESS)
    invoice = billing_service.issue(a_taxed_draft(patient).id)
    before = (invoice.seller, invoice.billed_payer, invoice.billed_to, invoice.due_on)

    patient_service.update(patient.id, version=None, family_name="Costa", address="Elsewhere 1")
    a_seller(address="Elsewhere 2", payment_days=60)
    clinic_service.update(version=None, name="Another name")
    db.session.expire_all()

    assert (invoice.seller, invoice.billed_payer, invoice.billed_to, invoice.due_on) == before


def test_a_seller_without_a_legal_name_is_the_clinic() -> None:
    clinic_service.update(version=None, address="Rua 1", email="desk@example.org")
    seller = an_invoice().seller or {}

    assert (seller["address"], seller["email"]) == ("Rua 1", "desk@example.org")
    assert seller["name"] == clinic_service.current().name


def test_everything_that_is_missing_is_named_at_once() -> None:
    patient = somebody(birth_date="2020-05-01", address=None)
    guardian = somebody(given_name="Rui", family_name="Costa", birth_date="1980-01-01", email="rui@example.org")
    related_person_service.create(patient.id, other_id=guardian.id, roles=["guardian"])
    draft = a_taxed_draft(patient, cents=10_001)
    patient_service.record_death(guardian.id, deceased_on=MONDAY)

    found = reasons_of(draft)

    assert found == [payer_refused(DIED), NO_SELLER_ADDRESS, NO_SELLER_TAX_NUMBER, NO_PAYER_ADDRESS]
    assert billing_service.get(draft.id).number is None


def test_a_draft_whose_patient_pays_and_is_archived_is_refused() -> None:
    patient = somebody()
    draft = a_draft(patient)
    patient_service.archive(patient.id)

    assert reasons_of(draft) == [payer_refused(ARCHIVED)]


def test_somebody_else_pays_for_a_patient_who_has_died() -> None:
    patient = somebody()
    payer: Any = {"kind": "other", "name": "Heirs of Pereira", "address": ADDRESS, "tax_number": "500"}
    draft = a_draft(patient)
    billing_service.update(draft.id, version=None, payer=payer)
    patient_service.record_death(patient.id, deceased_on=MONDAY)

    invoice = billing_service.issue(draft.id)

    assert (invoice.billed_payer or {}).items() >= {"name": "Heirs of Pereira", "tax_number": "500"}.items()


@pytest.mark.parametrize(
    ("cents", "category", "missing"),
    [
        (10_000, "E", False),
        (10_001, "E", True),
        (10_001, "O", False),
        (10_001, None, False),
        (8_131, "S", True),
        (8_130, "S", False),
    ],
)
def test_the_payer_s_address_is_needed_above_the_limit_of_a_simplified_invoice(
    cents: int, category: str | None, missing: bool
) -> None:
    a_seller(prices_include_tax=False)
    taxes: dict[str, Callable[[], Any]] = {
        "E": an_exemption,
        "S": lambda: a_tax("23"),
        "O": lambda: tax_rate_service.create(name="Fees", category="O", reason="Not taxed here"),
    }
    tax = {"tax_rate_id": taxes[category]().id} if category else {}
    line: Any = a_line(cents) | tax

    draft = a_draft(lines=[line])

    assert reasons_of(draft) == [NO_PAYER_ADDRESS] if missing else billing_service.issue(draft.id).number


@pytest.mark.parametrize(
    ("day", "newest", "asked"),
    [
        (date(2026, 11, 24), MONDAY, False),
        (date(2026, 11, 25), MONDAY, True),
        (MONDAY, MONDAY, False),
        (date(2026, 11, 25), None, True),
        (date(2026, 11, 24), None, False),
        (date(2020, 1, 1), None, False),
    ],
)
def test_a_date_more_than_a_day_after_the_newest_invoice_is_asked_for(
    day: date, newest: date | None, asked: bool
) -> None:
    assert needs_confirmation(day, newest, MONDAY) is asked


@pytest.mark.slow
@pytest.mark.both_databases
def test_dates_never_go_back_and_jump_only_when_that_is_confirmed() -> None:
    first, second, third = (a_draft().id for _ in range(3))
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False):
        billing_service.issue(first)

    with time_machine.travel("2026-11-26T12:00:00Z", tick=False):
        with pytest.raises(DateNotConfirmed) as asked:
            billing_service.issue(second)
        with pytest.raises(InvalidInput, match="Mon 23 Nov 2026 or later"):
            billing_service.issue(second, issued_on=date(2026, 11, 22), confirm_date=True)
        issued = billing_service.issue(second, confirm_date=True)
        earlier = billing_service.issue(third, issued_on=date(2026, 11, 27))

    assert asked.value.details == {"issued_on": "2026-11-26", "newest_issued_on": "2026-11-23"}
    assert (issued.number, issued.issued_on) == ("INV-2026-00002", date(2026, 11, 26))
    assert (earlier.number, earlier.issued_on) == ("INV-2026-00003", date(2026, 11, 27))


def test_a_refused_date_uses_no_number() -> None:
    draft = a_draft().id
    for given in (date(2999, 1, 1), date(2031, 5, 5)):
        with pytest.raises(DateNotConfirmed):
            billing_service.issue(draft, issued_on=given)

    assert (billing_service.issue(draft).number or "").endswith("-00001")


FIELDS = {
    "number": "'INV-2026-99999'",
    "issued_on": "'2020-01-01'",
    "due_on": "'2999-01-01'",
    "served_from": "'2020-01-01', served_until = '2020-01-01'",
    "billed_to": "'{}'",
    "particulars": "'{}'",
    "total_minor": "1",
    "currency": "'USD'",
    "note": "'x'",
    "payer_kind": "NULL",
    "prices_include_tax": "NOT prices_include_tax",
}


@pytest.mark.both_databases
@pytest.mark.row(82)
def test_the_database_refuses_to_change_what_was_issued() -> None:
    invoice_id = an_invoice().id
    draft_id = a_draft().id
    db.session.remove()
    of = "WHERE id = :id"
    statements = [
        *(f"UPDATE invoices SET {field} = {value} {of}" for field, value in FIELDS.items()),
        "UPDATE invoice_lines SET amount_minor = 1 WHERE invoice_id = :id",
        "DELETE FROM invoice_lines WHERE invoice_id = :id",
        "UPDATE invoice_lines SET invoice_id = :draft, position = 9 WHERE invoice_id = :id",
        "UPDATE invoice_lines SET invoice_id = :id, position = 9 WHERE invoice_id = :draft",
    ]
    ids = {"id": invoice_id.hex, "draft": draft_id.hex}

    changed = [statement for statement in statements if not _refused(statement, ids)]

    assert changed == []


@pytest.mark.slow
@pytest.mark.both_databases
def test_the_database_lets_payments_and_merges_change_an_issued_invoice_and_everything_a_draft() -> None:
    invoice_id, draft_id, other_id = an_invoice().id, a_draft().id, somebody(given_name="Ada").id
    db.session.remove()
    ids = {"id": invoice_id.hex, "draft": draft_id.hex, "other": other_id.hex}

    for statement in (
        "UPDATE invoices SET patient_id = :other, paid_minor = 100, version = version + 1 WHERE id = :id",
        "UPDATE invoices SET note = 'x', currency = 'USD', total_minor = 7 WHERE id = :draft",
        "UPDATE invoice_lines SET amount_minor = 1 WHERE invoice_id = :draft",
        "DELETE FROM invoice_lines WHERE invoice_id = :draft",
    ):
        assert not _refused(statement, ids), statement


def _refused(statement: str, ids: dict[str, str]) -> bool:
    """Return whether the database refuses a statement; nothing of it is kept."""
    with db.engine.connect() as connection:
        try:
            connection.execute(text(statement), {name: value for name, value in ids.items() if f":{name}" in statement})
        except IntegrityError as error:
            return "issued_unchanged" in str(error.orig)
        finally:
            connection.rollback()
    return False


def test_a_draft_is_shown_with_what_it_would_get() -> None:
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False):
        an_invoice()
        billing_settings_service.update(version=None, payment_days=30)
    with time_machine.travel("2026-11-27T12:00:00Z", tick=False):
        terms = billing_service.issue_terms(a_taxed_draft(), ())

    assert (terms.day, terms.due_on) == (date(2026, 11, 27), date(2026, 12, 27))
    assert terms.question == (
        "Confirm the date Fri 27 Nov 2026: the newest invoice is of Mon 23 Nov 2026, "
        "and later ones can’t be dated before this one"
    )
    assert NO_SELLER_ADDRESS in terms.reasons


def test_an_invoice_of_nothing_is_issued_and_settled(published) -> None:
    invoice = billing_service.issue(a_draft(lines=[a_line(0)]).id)

    assert (invoice.status, invoice.due, invoice.lines[0].quantity) == ("balanced", euros(0), Fraction(1))
    assert [name for name, _ in published if name.startswith("invoice.")] == ["invoice.issued"]
