"""A write-off can be undone by another row, whose amount is below zero; both stay."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

AMOUNT = "(undoes_id IS NULL AND amount_minor > 0) OR (undoes_id IS NOT NULL AND amount_minor < 0)"
KEY = "fk_write_offs_clinic_id_undoes_id"


def upgrade() -> None:
    with op.batch_alter_table("write_offs") as write_offs:
        write_offs.add_column(sa.Column("undoes_id", sa.Uuid(), nullable=True))
        write_offs.drop_constraint(op.f("ck_write_offs_amount"), type_="check")
        write_offs.create_check_constraint(op.f("ck_write_offs_amount"), AMOUNT)
        write_offs.create_unique_constraint("uq_write_offs_undoes", ["clinic_id", "undoes_id"])
        write_offs.create_foreign_key(op.f(KEY), "write_offs", ["clinic_id", "undoes_id"], ["clinic_id", "id"])


def downgrade() -> None:
    """Go back: a write-off that was undone, and what undid it, are no more."""
    op.execute(
        "DELETE FROM write_offs WHERE undoes_id IS NULL AND EXISTS"
        " (SELECT 1 FROM write_offs AS later WHERE later.undoes_id = write_offs.id)"
        " OR undoes_id IS NOT NULL"
    )
    with op.batch_alter_table("write_offs") as write_offs:
        write_offs.drop_constraint(op.f(KEY), type_="foreignkey")
        write_offs.drop_constraint("uq_write_offs_undoes", type_="unique")
        write_offs.drop_constraint(op.f("ck_write_offs_amount"), type_="check")
        write_offs.create_check_constraint(op.f("ck_write_offs_amount"), "amount_minor > 0")
        write_offs.drop_column("undoes_id")
