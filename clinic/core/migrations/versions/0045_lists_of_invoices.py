"""Lists of invoices: the folded name of the payer to search for, and indexes from which counts, sums and orders are read."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from clinic.core.text import fold

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

SUMMED = ("status", "currency", "due_on", "paid_minor", "credited_minor", "written_off_minor", "total_minor")
CORRECTED = sa.text("credited_minor + written_off_minor > 0")
BATCH = 1000
LONGEST = 300

INVOICES = sa.table(
    "invoices",
    sa.column("id", sa.Uuid()),
    sa.column("payer_name", sa.String()),
    sa.column("payer_person_id", sa.Uuid()),
    sa.column("particulars", sa.JSON()),
    sa.column("payer_search", sa.String()),
)
PERSONS = sa.table(
    "related_persons",
    sa.column("id", sa.Uuid()),
    sa.column("name", sa.String()),
    sa.column("other_id", sa.Uuid()),
)
PATIENTS = sa.table(
    "patients", sa.column("id", sa.Uuid()), sa.column("family_name", sa.String()), sa.column("given_name", sa.String())
)


def upgrade() -> None:
    op.add_column("invoices", sa.Column("payer_search", sa.String(length=300), nullable=True))
    last = None
    while rows := _rows_after(last):
        known = [{"key": row.id, "name": name} for row in rows if (name := _searchable(row))]
        if known:
            change = sa.update(INVOICES).where(INVOICES.c.id == sa.bindparam("key"))
            op.get_bind().execute(change.values(payer_search=sa.bindparam("name")), known)
        last = rows[-1].id
    op.create_index("ix_invoices_sums", "invoices", ["clinic_id", *SUMMED, "id"], unique=False)
    op.create_index(
        "ix_invoices_corrected",
        "invoices",
        ["clinic_id", *SUMMED],
        unique=False,
        postgresql_where=CORRECTED,
        sqlite_where=CORRECTED,
    )
    op.drop_index("ix_invoices_issued_on", table_name="invoices")
    op.create_index("ix_invoices_issued_on", "invoices", ["clinic_id", "issued_on", "id"], unique=False)


def downgrade() -> None:
    for name in ("ix_invoices_sums", "ix_invoices_corrected", "ix_invoices_issued_on"):
        op.drop_index(name, table_name="invoices")
    op.create_index("ix_invoices_issued_on", "invoices", ["clinic_id", "issued_on"], unique=False)
    op.drop_column("invoices", "payer_search")


def _rows_after(last: object) -> list[Any]:
    """Return the next invoices by id, each with the names of the related person who pays."""
    person = sa.outerjoin(INVOICES, PERSONS, PERSONS.c.id == INVOICES.c.payer_person_id)
    joined = sa.outerjoin(person, PATIENTS, PATIENTS.c.id == PERSONS.c.other_id)
    names = [PERSONS.c.name.label("person_name"), PATIENTS.c.family_name, PATIENTS.c.given_name]
    wanted = sa.select(INVOICES.c.id, INVOICES.c.particulars, INVOICES.c.payer_name, *names).select_from(joined)
    if last is not None:
        wanted = wanted.where(INVOICES.c.id > last)
    return list(op.get_bind().execute(wanted.order_by(INVOICES.c.id).limit(BATCH)))


def _searchable(row: Any) -> str | None:
    """Return the payer's name, as printed once the invoice is issued."""
    if row.particulars:
        payer = row.particulars.get("payer") or {}
        names = [payer.get(name) for name in ("name", "family_name", "given_name")]
    elif row.payer_name:
        names = [row.payer_name]
    else:
        names = [row.family_name, row.given_name] if row.family_name or row.given_name else [row.person_name]
    return fold(" ".join(name for name in names if name))[:LONGEST] or None
