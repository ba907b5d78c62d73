"""Invoices of revision 0043 are found by the payer's name, counted and listed, on both databases."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import inspect, text

from clinic.billing.service import billing_service
from clinic.core.db import db
from tests.upgrade.older_database import downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0044"

PRINTED = '{"seller": {}, "payer": {"name": null, "family_name": "Müller", "given_name": "Anke"}, "visits": []}'


def test_invoices_from_before_are_found_by_the_payers_name(ids: dict[str, UUID]) -> None:
    found = {
        text: [one.id for one in billing_service.list(q=text).rows]
        for text in ("muller anke", "MÉDIS", "brandt", "rui", "pereira")
    }

    assert found == {
        "muller anke": [ids["issued"]],
        "MÉDIS": [ids["firm"]],
        "brandt": [ids["other"]],
        "rui": [ids["named"]],
        "pereira": sorted((ids[name] for name in ("issued", "firm", "named", "other", "own")), reverse=True),
    }


def test_invoices_from_before_are_counted(ids: dict[str, UUID]) -> None:
    summary = billing_service.summary()

    assert {name: tally.count for name, tally in summary.standings.items() if tally.count} == {"draft": 4, "open": 1}
    assert summary.ages["not-due"].count == 1


def test_a_downgrade_keeps_invoices_and_guards(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    indexes = {one["name"]: one["column_names"] for one in inspect(db.engine).get_indexes("invoices")}
    assert indexes["ix_invoices_issued_on"] == ["clinic_id", "issued_on"]
    assert "ix_invoices_sums" not in indexes
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM invoices")) == len(ids) - 3
    with pytest.raises(Exception, match="invoices"), db.engine.begin() as connection:
        connection.execute(text("UPDATE invoices SET note = 'changed' WHERE status <> 'draft'"))


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with an issued invoice and drafts of each kind of payer."""
    names = ("clinic", "patient", "payer", "issued", "firm", "named", "other", "own")
    ids = {name: uuid4() for name in names}
    own: dict[str, Any] = {"clinic_id": ids["clinic"]}
    limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
    place = {"name": "Harbour", "zone": "Europe/Lisbon", "currency": "EUR", "locale": "en_GB"}
    insert("clinics", {"id": ids["clinic"], **place, **limits})
    for key, mrn, family, folded in (("patient", 2, "Pereira", "pereira"), ("payer", 3, "Brandt", "brandt")):
        person = {"mrn": f"P-00000{mrn}", "family_name": family, "sort_name": folded, "sex": "unknown"}
        insert("patients", {"id": ids[key], **own, **person, "state": "active"})
    persons: dict[str, dict[str, Any]] = {"named": {"name": "Rui"}, "other": {"other_id": ids["payer"]}}
    related = {key: uuid4() for key in persons}
    roles = {"is_contact": False, "is_guardian": False, "is_payer": True}
    for key, fields in persons.items():
        insert("related_persons", {"id": related[key], **own, "patient_id": ids["patient"], **roles, **fields})
    amounts = {"total_minor": 4500, "paid_minor": 0, "credited_minor": 0, "written_off_minor": 0}
    plain = {
        "currency": "EUR",
        "prices_include_tax": True,
        "paid_published": False,
        "status": "draft",
        "kind": "invoice",
        **amounts,
    }
    kinds: dict[str, dict[str, Any]] = {
        "issued": {"status": "issued", "number": "INV-2026-00001", "issued_on": "2026-11-23", "payer_kind": "patient"}
        | {"billed_to": "{}", "particulars": PRINTED},
        "firm": {"payer_kind": "other", "payer_name": "Médis Seguros"},
        "named": {"payer_kind": "related_person", "payer_person_id": related["named"]},
        "other": {"payer_kind": "related_person", "payer_person_id": related["other"]},
        "own": {"payer_kind": "patient"},
    }
    for key, fields in kinds.items():
        insert("invoices", {"id": ids[key], **own, "patient_id": ids["patient"], **plain, **fields})
    return ids
