"""Forms are posted to the addresses that show them: saved forms move there."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PATIENT_ADDRESS = 46
"""Characters of `/patients/` and an id."""


def upgrade() -> None:
    op.execute(
        "UPDATE kept_forms SET address = address || '/new' WHERE address IN ('/patients', '/appointments', '/invoices')"
    )
    op.execute("UPDATE kept_forms SET address = '/staff/invite' WHERE address = '/staff'")
    op.execute(
        "UPDATE kept_forms SET address = address || '/edit' "
        f"WHERE address LIKE '/patients/%' AND length(address) = {_PATIENT_ADDRESS}"
    )


def downgrade() -> None:
    op.execute("DELETE FROM kept_forms")
