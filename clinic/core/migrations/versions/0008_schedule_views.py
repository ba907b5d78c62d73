"""What each staff member sees of the schedule."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schedule_views",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "member_id"],
            ["memberships.clinic_id", "memberships.member_id"],
            name=op.f("fk_schedule_views_clinic_id_member_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_schedule_views_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_views")),
        sa.UniqueConstraint("clinic_id", "member_id", name=op.f("uq_schedule_views_clinic_id_member_id")),
    )


def downgrade() -> None:
    op.drop_table("schedule_views")
