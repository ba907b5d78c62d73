"""Invoices of revision 0035 keep what was printed of them, on both databases: seller and payer are copied into them."""

import json
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.patients.service import patient_service
from tests.upgrade.older_database import NOW, downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0035"

PRINTED = {"family_name": "Old", "given_name": "Ines", "birth_date": None, "mrn": "P-000009", "address": "Rua 9"}
KEPT = ["own", "printed", "other", "related", "named"]


def test_an_issued_invoice_has_what_was_printed(ids: dict[str, UUID]) -> None:
    own, printed, other, related, named = (billing_service.get(ids[name]) for name in KEPT)
    nobody = dict.fromkeys(("name", "family_name", "given_name", "address", "tax_number"))

    assert own.billed_to == {**PRINTED, "family_name": "Pereira", "given_name": None, "mrn": "P-1", "address": "Rua 1"}
    assert own.billed_payer == nobody | {"family_name": "Pereira", "address": "Rua 1"}
    assert printed.billed_to == PRINTED
    assert printed.billed_payer == nobody | {"family_name": "Old", "given_name": "Ines", "address": "Rua 9"}
    assert other.billed_payer == nobody | {"name": "Vela Lda.", "address": "Rua 7", "tax_number": "500"}
    assert related.billed_payer == nobody | {"family_name": "Costa"}
    assert named.billed_payer == nobody | {"name": "Rui"}
    assert {(one.seller or {})["name"] for one in (own, printed, other, related, named)} == {"Harbour"}
    assert [(one.due_on, one.served_from, one.version) for one in (own, printed)] == [(None, None, 1)] * 2


def test_what_was_issued_before_is_guarded_and_a_draft_is_not(ids: dict[str, UUID]) -> None:
    draft = billing_service.get(ids["draft"])
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text("UPDATE invoices SET billed_to = '{}' WHERE number = 'N-own'"))

    issued = billing_service.issue(draft.id, confirm_date=True)

    assert (issued.seller or {})["name"] == "Harbour"
    assert issued.due_on is not None


def test_a_merge_from_before_is_undone_without_touching_what_was_printed(ids: dict[str, UUID]) -> None:
    with db.engine.connect() as connection:
        changes = json.loads(connection.scalar(text("SELECT CAST(changes AS TEXT) FROM patient_merges")))

    assert changes == [
        {"table": "invoices", "before": {"patient_id": "1"}, "after": {"patient_id": "2"}},
        {"table": "appointments", "before": {"patient_id": "1"}, "after": {"patient_id": "2"}},
    ]


def test_a_patient_who_changes_the_name_later_changes_no_invoice(ids: dict[str, UUID]) -> None:
    patient_service.update(ids["patient"], version=None, family_name="Married")

    assert (billing_service.get(ids["own"]).billed_to or {})["family_name"] == "Pereira"


def test_a_downgrade_keeps_invoices_and_what_was_printed(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM invoices WHERE billed_to IS NOT NULL")) == len(KEPT)
        connection.execute(text("UPDATE invoices SET note = 'free again'"))


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with invoices of each kind of payer and a draft."""
    ids = {name: uuid4() for name in ("clinic", "patient", "guardian", "person", "name", "draft", *KEPT)}
    own = {"clinic_id": ids["clinic"]}
    limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
    place = {"name": "Harbour", "zone": "Europe/Lisbon", "currency": "EUR", "locale": "en_GB", "address": "Cais 1"}
    insert("clinics", {"id": ids["clinic"], **place, **limits})
    for name, family_name, mrn in (("patient", "Pereira", "P-1"), ("guardian", "Costa", "P-2")):
        person = {"mrn": mrn, "family_name": family_name, "sort_name": family_name.lower(), "sex": "unknown"}
        insert("patients", {"id": ids[name], **own, **person, "state": "active", "address": "Rua 1"})
    roles = {"is_contact": False, "is_guardian": False, "is_payer": True, "patient_id": ids["patient"], **own}
    insert("related_persons", {"id": ids["person"], **roles, "other_id": ids["guardian"]})
    insert("related_persons", {"id": ids["name"], **roles, "name": "Rui"})
    payers: dict[str, dict[str, object]] = {
        "printed": {"billed_to": json.dumps(PRINTED)},
        "other": {
            "payer_kind": "other",
            "payer_name": "Vela Lda.",
            "payer_address": "Rua 7",
            "payer_tax_number": "500",
        },
        "related": {"payer_kind": "related_person", "payer_person_id": ids["person"]},
        "named": {"payer_kind": "related_person", "payer_person_id": ids["name"]},
    }
    totals = {"total_minor": 4500, "paid_minor": 0, "currency": "EUR", "prices_include_tax": True}
    for name in ("draft", *KEPT):
        issued = {"status": "draft"} if name == "draft" else {"status": "issued", "number": f"N-{name}"}
        dated = {} if name == "draft" else {"issued_on": "2026-11-23"}
        row: dict[str, object] = {"id": ids[name], **own, "patient_id": ids["patient"], **totals, **issued, **dated}
        insert("invoices", row | payers.get(name, {}))
    _insert_line(ids)
    _insert_merge(ids)
    return ids


def _insert_line(ids: dict[str, UUID]) -> None:
    """Insert the line of the draft; lines have no version."""
    line = {
        "id": uuid4().hex,
        "clinic_id": ids["clinic"].hex,
        "invoice_id": ids["draft"].hex,
        "position": 1,
        "description": "Consultation",
        "quantity_thousandths": 1000,
        "unit_price_minor": 4500,
        "amount_minor": 4500,
    }
    names, places = ", ".join(line), ", ".join(f":{name}" for name in line)
    with db.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO invoice_lines ({names}) VALUES ({places})"), line)


def _insert_merge(ids: dict[str, UUID]) -> None:
    changes = [
        {
            "table": "invoices",
            "before": {"patient_id": "1", "billed_to": None},
            "after": {"patient_id": "2", "billed_to": PRINTED},
        },
        {"table": "appointments", "before": {"patient_id": "1"}, "after": {"patient_id": "2"}},
    ]
    merge = {"survivor_id": ids["patient"], "merged_id": ids["guardian"], "merged_at": NOW, "merged_by": "system"}
    stored = {"counts": "{}", "changes": json.dumps(changes)}
    insert("patient_merges", {"id": uuid4(), "clinic_id": ids["clinic"], **merge, **stored})
