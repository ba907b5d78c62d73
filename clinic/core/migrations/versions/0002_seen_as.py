"""The role as which somebody looks at the app."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sign_ins", sa.Column("seen_as", sa.String(length=20), nullable=True))


def downgrade() -> None:
    op.drop_column("sign_ins", "seen_as")
