"""A patient has an age where no birth date is known, uses of what is used, and lists of what there may be several of."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_PATIENT_CHECKS = {
    "age_on_a_day": "(estimated_age IS NULL) = (age_on IS NULL)",
    "birth_date_or_age": "birth_date IS NULL OR estimated_age IS NULL",
}
_DETAIL_CHECKS = {
    "kind": "kind IN ('former-name', 'phone', 'email', 'address', 'identifier')",
    "filled": "CASE kind WHEN 'former-name' THEN family_name IS NOT NULL OR given_name IS NOT NULL ELSE value IS NOT NULL END",
}


def upgrade() -> None:
    with op.batch_alter_table("patients") as patients:
        for column in _patient_columns():
            patients.add_column(column)
        for name, condition in _PATIENT_CHECKS.items():
            patients.create_check_constraint(op.f(f"ck_patients_{name}"), condition)
    _create_details()


def downgrade() -> None:
    op.drop_table("patient_details")
    with op.batch_alter_table("patients") as patients:
        for name in _PATIENT_CHECKS:
            patients.drop_constraint(op.f(f"ck_patients_{name}"), type_="check")
        for column in _patient_columns():
            patients.drop_column(column.name)


def _patient_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("estimated_age", sa.Integer()),
        sa.Column("age_on", sa.Date()),
        sa.Column("email_use", sa.String(length=10)),
        sa.Column("phone_use", sa.String(length=10)),
        sa.Column("address_use", sa.String(length=10)),
    )


def _create_details() -> None:
    op.create_table(
        "patient_details",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("family_name", sa.String(length=200), nullable=True),
        sa.Column("given_name", sa.String(length=200), nullable=True),
        sa.Column("until", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("use", sa.String(length=10), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("type", sa.String(length=20), nullable=True),
        sa.Column("issuer", sa.String(length=200), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_patient_details_{name}")) for name, rule in _DETAIL_CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_patient_details_clinic_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_patient_details_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_details")),
    )
    op.create_index("ix_patient_details_patient", "patient_details", ["clinic_id", "patient_id"], unique=False)
