"""Patients who may be one person are found by keys, and kept in pairs until somebody has decided."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from clinic.core.ids import new_id

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_checks = sa.table(
    "duplicate_checks",
    *(sa.column(name, sa.Uuid) for name in ("id", "clinic_id")),
    sa.column("started_at", sa.DateTime(timezone=True)),
    *(sa.column(name, sa.Integer) for name in ("total", "checked")),
)
_patients = sa.table("patients", sa.column("clinic_id", sa.Uuid))


def upgrade() -> None:
    _create_keys()
    _create_pairs()
    _create_checks()
    _start_checks()


def downgrade() -> None:
    for table in ("duplicate_checks", "duplicate_pairs", "patient_keys"):
        op.drop_table(table)


def _create_keys() -> None:
    op.create_table(
        "patient_keys",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        _of_patient("patient_keys", "patient_id"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_patient_keys_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_keys")),
    )
    op.create_index("ix_patient_keys_key", "patient_keys", ["clinic_id", "key", "patient_id"])
    op.create_index("ix_patient_keys_patient", "patient_keys", ["clinic_id", "patient_id"])


def _create_pairs() -> None:
    op.create_table(
        "duplicate_pairs",
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=15), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_duplicate_pairs_order")),
        sa.CheckConstraint("state IN ('to-decide', 'not-duplicate')", name=op.f("ck_duplicate_pairs_state")),
        _of_patient("duplicate_pairs", "first_id"),
        _of_patient("duplicate_pairs", "second_id"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_duplicate_pairs_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pairs")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_duplicate_pairs_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", "first_id", "second_id", name="uq_duplicate_pairs_pair"),
    )
    op.create_index("ix_duplicate_pairs_second", "duplicate_pairs", ["clinic_id", "second_id"])
    op.create_index("ix_duplicate_pairs_state", "duplicate_pairs", ["clinic_id", "state", "score", "id"])


def _create_checks() -> None:
    op.create_table(
        "duplicate_checks",
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Uuid(), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_duplicate_checks_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_checks")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_duplicate_checks_clinic_id_id")),
    )
    unfinished = sa.text("finished_at IS NULL")
    op.create_index(
        "ix_duplicate_checks_due",
        "duplicate_checks",
        ["clinic_id"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )


def _start_checks() -> None:
    """Let a worker find the keys and the pairs of the patients who are on file already."""
    counted = sa.select(_patients.c.clinic_id, sa.func.count()).group_by(_patients.c.clinic_id)
    at = datetime.now(UTC)
    rows = [
        {"id": new_id(), "clinic_id": clinic_id, "started_at": at, "total": count, "checked": 0}
        for clinic_id, count in op.get_bind().execute(counted)
    ]
    if rows:
        op.bulk_insert(_checks, rows)


def _of_patient(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["clinic_id", column], ["patients.clinic_id", "patients.id"], name=op.f(f"fk_{table}_clinic_id_{column}")
    )
