"""Answers about consent have a column that states whether the guardian of a minor gave them."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent_answers", sa.Column("by_guardian", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("consent_answers", "by_guardian")
