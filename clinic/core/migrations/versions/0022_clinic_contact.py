"""Clinics have a postal address, a phone and an email, which their messages to patients show."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clinics", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("clinics", sa.Column("phone", sa.String(length=50), nullable=True))
    op.add_column("clinics", sa.Column("email", sa.String(length=254), nullable=True))


def downgrade() -> None:
    for column in ("email", "phone", "address"):
        op.drop_column("clinics", column)
