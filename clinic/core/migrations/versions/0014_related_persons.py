"""Contact persons, guardians and payers of patients: other patients, or people with a name and an address."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_CHECKS = {
    "person": "(other_id IS NULL) <> (name IS NULL)",
    "other": "other_id <> patient_id",
    "role": "is_contact OR is_guardian OR is_payer",
}


def upgrade() -> None:
    op.create_table(
        "related_persons",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=50), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("relationship", sa.String(length=100), nullable=True),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("is_contact", "is_guardian", "is_payer")),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_related_persons_{name}")) for name, rule in _CHECKS.items()),
        *(
            sa.ForeignKeyConstraint(
                ["clinic_id", column],
                ["patients.clinic_id", "patients.id"],
                name=op.f(f"fk_related_persons_clinic_id_{column}"),
            )
            for column in ("patient_id", "other_id")
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_related_persons_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_related_persons")),
    )
    for name, column in (("patient", "patient_id"), ("other", "other_id")):
        op.create_index(f"ix_related_persons_{name}", "related_persons", ["clinic_id", column])


def downgrade() -> None:
    op.drop_table("related_persons")
