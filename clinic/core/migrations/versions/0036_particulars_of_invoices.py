"""Issued invoices keep the particulars of seller, payer and patient, the dates of service, and the day they are due.

Those from before get the seller from the clinic and the payer from the patient as they are now; no due date was printed
on them, so they have none.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

DAYS = ("due_on", "served_from", "served_until")
CHECKS = {
    "particulars": "status = 'draft' OR (billed_to IS NOT NULL AND particulars IS NOT NULL)",
    "served": "(served_from IS NULL) = (served_until IS NULL) AND served_from <= served_until",
    "due": "due_on >= issued_on",
}
PRINTED = ("family_name", "given_name", "birth_date", "mrn", "address")


def upgrade() -> None:
    with op.batch_alter_table("invoices") as invoices:
        for name in DAYS:
            invoices.add_column(sa.Column(name, sa.Date(), nullable=True))
        invoices.add_column(sa.Column("particulars", sa.JSON(), nullable=True))
    _fill()
    _keep_particulars_when_unmerging()
    with op.batch_alter_table("invoices") as invoices:
        for name, condition in CHECKS.items():
            invoices.create_check_constraint(op.f(f"ck_invoices_{name}"), condition)


def downgrade() -> None:
    with op.batch_alter_table("invoices") as invoices:
        for name in CHECKS:
            invoices.drop_constraint(op.f(f"ck_invoices_{name}"), type_="check")
        for name in ("particulars", *DAYS):
            invoices.drop_column(name)


def _fill() -> None:
    """Copy the particulars of every issued invoice from its clinic, its patient and its payer."""
    invoices = _table("invoices", *_INVOICE, ids=("clinic_id", "patient_id", "payer_person_id"), json=_JSON)
    clinics = _rows(_table("clinics", "name", "address", "phone", "email"))
    patients = _table("patients", *PRINTED)
    persons = _table("related_persons", "name", ids=("other_id",))
    found = op.get_bind().execute(sa.select(invoices).where(invoices.c.status != "draft").order_by(invoices.c.id)).all()
    for row in found:
        patient = row.billed_to or _printed(_row(patients, row.patient_id))
        seller = dict.fromkeys(("tax_number", "iban", "bic", "footer")) | dict(clinics[row.clinic_id])
        particulars = {"seller": seller, "payer": _payer(row, patient, persons, patients), "visits": []}
        statement = invoices.update().where(invoices.c.id == row.id)
        op.get_bind().execute(statement.values(billed_to=patient, particulars=particulars))


_INVOICE = ("status", "payer_kind", "payer_name", "payer_address", "payer_tax_number")
_JSON = ("billed_to", "particulars")


def _payer(row: Any, patient: Mapping[str, Any], persons: sa.Table, patients: sa.Table) -> dict[str, Any]:
    """Return who pays an invoice; a related person only by name, as nothing else was printed of them."""
    nobody = dict.fromkeys(("name", "family_name", "given_name", "address", "tax_number"))
    if row.payer_kind == "other":
        typed = {"name": row.payer_name, "address": row.payer_address, "tax_number": row.payer_tax_number}
        return nobody | typed
    if row.payer_kind != "related_person":
        return nobody | {name: patient[name] for name in ("family_name", "given_name", "address")}
    person = _row(persons, row.payer_person_id)
    if person["other_id"] is None:
        return nobody | {"name": person["name"]}
    other = _row(patients, person["other_id"])
    return nobody | {name: other[name] for name in ("family_name", "given_name")}


def _keep_particulars_when_unmerging() -> None:
    """Take `billed_to` out of the changes that undo a merge: an issued invoice keeps it."""
    merges = _table("patient_merges", json=("changes",))
    for row in op.get_bind().execute(sa.select(merges)).all():
        changes = [
            change | {key: _without(change[key]) for key in ("before", "after")} if _names(change) else change
            for change in row.changes
        ]
        if changes != row.changes:
            op.get_bind().execute(merges.update().where(merges.c.id == row.id).values(changes=changes))


def _names(change: Mapping[str, Any]) -> bool:
    return change["table"] == "invoices" and "billed_to" in change["after"]


def _without(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "billed_to"}


def _printed(patient: Mapping[str, Any]) -> dict[str, Any]:
    return {name: patient[name] for name in PRINTED}


def _table(name: str, *texts: str, ids: tuple[str, ...] = (), json: tuple[str, ...] = ()) -> sa.Table:
    """Return a table with some of its columns."""
    columns: list[sa.Column[Any]] = [sa.Column(one, sa.Uuid()) for one in ("id", *ids)]
    columns += [sa.Column(one, sa.Text()) for one in texts]
    columns += [sa.Column(one, sa.JSON(none_as_null=True)) for one in json]
    return sa.Table(name, sa.MetaData(), *columns)


def _rows(table: sa.Table) -> dict[Any, Mapping[str, Any]]:
    """Return all rows of a table by id, without the id."""
    found = op.get_bind().execute(sa.select(table)).mappings()
    return {row["id"]: {name: value for name, value in row.items() if name != "id"} for row in found}


def _row(table: sa.Table, row_id: Any) -> Mapping[str, Any]:
    return dict(op.get_bind().execute(sa.select(table).where(table.c.id == row_id)).mappings().one())
