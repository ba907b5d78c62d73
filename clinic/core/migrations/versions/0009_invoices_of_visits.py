"""An invoice can name the appointment that it is for."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FOREIGN_KEY = op.f("fk_invoices_clinic_id_appointment_id")


def upgrade() -> None:
    with op.batch_alter_table("invoices") as invoices:
        invoices.add_column(sa.Column("appointment_id", sa.Uuid(), nullable=True))
        invoices.create_foreign_key(FOREIGN_KEY, "appointments", ["clinic_id", "appointment_id"], ["clinic_id", "id"])
    op.create_index("ix_invoices_appointment", "invoices", ["clinic_id", "appointment_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_invoices_appointment", table_name="invoices")
    with op.batch_alter_table("invoices") as invoices:
        invoices.drop_constraint(FOREIGN_KEY, type_="foreignkey")
        invoices.drop_column("appointment_id")
