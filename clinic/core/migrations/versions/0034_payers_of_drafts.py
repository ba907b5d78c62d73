"""Drafts know who pays: the patient, a related person, or somebody else with name, address and tax number.

Invoices from before have no payer of their own: the one on record is suggested when such a draft is edited.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

COLUMNS: dict[str, Any] = {
    "payer_kind": sa.String(length=20),
    "payer_person_id": sa.Uuid(),
    "payer_name": sa.String(length=200),
    "payer_address": sa.String(length=500),
    "payer_tax_number": sa.String(length=50),
}
CHECKS = {
    "payer_kind": "payer_kind IN ('patient', 'related_person', 'other')",
    "payer_person": "(COALESCE(payer_kind, '') = 'related_person') = (payer_person_id IS NOT NULL)",
    "payer_name": "(COALESCE(payer_kind, '') = 'other') = (payer_name IS NOT NULL)"
    " AND (payer_name IS NOT NULL OR (payer_address IS NULL AND payer_tax_number IS NULL))",
}
KEY = "fk_invoices_clinic_id_payer_person_id"
UNIQUE = "uq_related_persons_clinic_id_id"


def upgrade() -> None:
    with op.batch_alter_table("related_persons") as persons:
        persons.create_unique_constraint(op.f(UNIQUE), ["clinic_id", "id"])
    with op.batch_alter_table("invoices") as invoices:
        for name, kind in COLUMNS.items():
            invoices.add_column(sa.Column(name, kind, nullable=True))
        invoices.create_foreign_key(op.f(KEY), "related_persons", ["clinic_id", "payer_person_id"], ["clinic_id", "id"])
        for name, condition in CHECKS.items():
            invoices.create_check_constraint(op.f(f"ck_invoices_{name}"), condition)
    op.create_index("ix_invoices_payer_person", "invoices", ["clinic_id", "payer_person_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_invoices_payer_person", table_name="invoices")
    with op.batch_alter_table("invoices") as invoices:
        for name in CHECKS:
            invoices.drop_constraint(op.f(f"ck_invoices_{name}"), type_="check")
        invoices.drop_constraint(op.f(KEY), type_="foreignkey")
        for name in COLUMNS:
            invoices.drop_column(name)
    with op.batch_alter_table("related_persons") as persons:
        persons.drop_constraint(op.f(UNIQUE), type_="unique")
