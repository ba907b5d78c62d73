"""A patient's record can be merged into another one, and issued invoices keep whom they were printed for."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OLD_STATES, STATES = "state IN ('active', 'archived')", "state IN ('active', 'archived', 'merged')"
MERGED = "(state = 'merged') = (merged_into_id IS NOT NULL)"


def upgrade() -> None:
    op.add_column("patients", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.add_column("patients", sa.Column("merged_ids", sa.JSON(), nullable=True))
    with op.batch_alter_table("patients") as patients:
        patients.drop_constraint(op.f("ck_patients_state"), type_="check")
        patients.create_check_constraint(op.f("ck_patients_state"), STATES)
        patients.create_check_constraint(op.f("ck_patients_merged"), MERGED)
        patients.create_foreign_key(
            op.f("fk_patients_clinic_id_merged_into_id"),
            "patients",
            ["clinic_id", "merged_into_id"],
            ["clinic_id", "id"],
        )
    op.create_index("ix_patients_merged_into", "patients", ["clinic_id", "merged_into_id"])
    _create_merges()
    op.add_column("invoices", sa.Column("billed_to", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("invoices", "billed_to")
    op.drop_table("patient_merges")
    op.drop_index("ix_patients_merged_into", table_name="patients")
    with op.batch_alter_table("patients") as patients:
        patients.drop_constraint(op.f("fk_patients_clinic_id_merged_into_id"), type_="foreignkey")
        patients.drop_constraint(op.f("ck_patients_merged"), type_="check")
        patients.drop_constraint(op.f("ck_patients_state"), type_="check")
        patients.create_check_constraint(op.f("ck_patients_state"), OLD_STATES)
        patients.drop_column("merged_ids")
        patients.drop_column("merged_into_id")


def _create_merges() -> None:
    op.create_table(
        "patient_merges",
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.String(length=200), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("unmerged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unmerged_by", sa.String(length=200), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("survivor_id <> merged_id", name=op.f("ck_patient_merges_two")),
        sa.CheckConstraint("(unmerged_at IS NULL) = (unmerged_by IS NULL)", name=op.f("ck_patient_merges_unmerged")),
        *(
            sa.ForeignKeyConstraint(
                ["clinic_id", name],
                ["patients.clinic_id", "patients.id"],
                name=op.f(f"fk_patient_merges_clinic_id_{name}"),
            )
            for name in ("survivor_id", "merged_id")
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_patient_merges_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_merges")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_patient_merges_clinic_id_id")),
    )
    op.create_index("ix_patient_merges_survivor", "patient_merges", ["clinic_id", "survivor_id", "id"])
    op.create_index("ix_patient_merges_merged", "patient_merges", ["clinic_id", "merged_id", "id"])
