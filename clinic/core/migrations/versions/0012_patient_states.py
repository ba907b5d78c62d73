"""A patient's record is active or archived, and says when the patient died."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STATE = (
    "ALTER TABLE patients ADD COLUMN state VARCHAR(10) DEFAULT 'active' NOT NULL"
    " CONSTRAINT ck_patients_state CHECK (state IN ('active', 'archived'))"
)


def upgrade() -> None:
    op.execute(_STATE)  # SQLite takes the constraint only with the column, or copies the whole table
    op.execute("ALTER TABLE patients ADD COLUMN deceased_on DATE")


def downgrade() -> None:
    op.drop_column("patients", "deceased_on")
    with op.batch_alter_table("patients") as patients:
        patients.drop_constraint(op.f("ck_patients_state"), type_="check")
        patients.drop_column("state")
