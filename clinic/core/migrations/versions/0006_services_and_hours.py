"""Rooms, services, working and opening hours, exceptions, closures; a practitioner may be a staff member.

The permission `practitioners:write` becomes part of `schedule:write`.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = (
    "weekly_hours",
    "hours_exceptions",
    "closures",
    "service_rooms",
    "service_practitioners",
    "services",
    "rooms",
)


def upgrade() -> None:
    _create_resources()
    _create_hours()
    op.add_column("clinics", sa.Column("subdivision", sa.String(length=3), nullable=True))
    op.add_column("clinics", sa.Column("late_cancel_hours", sa.Integer(), nullable=False, server_default="24"))
    op.add_column("clinics", sa.Column("desk_overbooks", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("practitioners") as practitioners:
        practitioners.add_column(sa.Column("member_id", sa.Uuid(), nullable=True))
        practitioners.create_unique_constraint(op.f("uq_practitioners_clinic_id_member_id"), ["clinic_id", "member_id"])
        practitioners.create_foreign_key(
            op.f("fk_practitioners_clinic_id_member_id"),
            "memberships",
            ["clinic_id", "member_id"],
            ["clinic_id", "member_id"],
        )
    _rename_permission("practitioners:write", "schedule:write")


def downgrade() -> None:
    _rename_permission("schedule:write", "practitioners:write")
    with op.batch_alter_table("practitioners") as practitioners:
        practitioners.drop_constraint(op.f("fk_practitioners_clinic_id_member_id"), type_="foreignkey")
        practitioners.drop_constraint(op.f("uq_practitioners_clinic_id_member_id"), type_="unique")
        practitioners.drop_column("member_id")
    for column in ("desk_overbooks", "late_cancel_hours", "subdivision"):
        op.drop_column("clinics", column)
    for table in TABLES:
        op.drop_table(table)


def _rename_permission(old: str, new: str) -> None:
    """Rename a permission where it is stored: in the scopes of API keys and in what is denied to members."""
    for table, column in (("api_keys", "scopes"), ("memberships", "denied")):
        stored: Any = sa.table(table, sa.column("id", sa.Uuid), sa.column(column, sa.JSON))
        for row_id, names in op.get_bind().execute(sa.select(stored.c.id, stored.c[column])).all():
            if old in names:
                renamed = [new if name == old else name for name in names]
                op.execute(stored.update().where(stored.c.id == row_id).values({column: renamed}))


def _create_resources() -> None:
    op.create_table(
        "rooms",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("places", sa.SmallInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("places BETWEEN 1 AND 100", name=op.f("ck_rooms_places")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_rooms_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_rooms_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", "name", name=op.f("uq_rooms_clinic_id_name")),
    )
    op.create_table(
        "services",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=40), nullable=True),
        sa.Column("lengths", sa.JSON(), nullable=False),
        sa.Column("buffer_before", sa.SmallInteger(), nullable=False),
        sa.Column("buffer_after", sa.SmallInteger(), nullable=False),
        sa.Column("notice_minutes", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=True),
        sa.Column("colour", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "colour IN ('teal', 'blue', 'violet', 'pink', 'red', 'orange', 'green', 'grey')",
            name=op.f("ck_services_colour"),
        ),
        sa.CheckConstraint(
            "buffer_before BETWEEN 0 AND 240 AND buffer_after BETWEEN 0 AND 240", name=op.f("ck_services_buffers")
        ),
        sa.CheckConstraint("notice_minutes >= 0 AND horizon_days > 0", name=op.f("ck_services_bookable")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_services_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_services_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", "name", name=op.f("uq_services_clinic_id_name")),
    )
    op.create_table(
        "service_rooms",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "room_id"], ["rooms.clinic_id", "rooms.id"], name=op.f("fk_service_rooms_clinic_id_room_id")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "service_id"],
            ["services.clinic_id", "services.id"],
            name=op.f("fk_service_rooms_clinic_id_service_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_service_rooms_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_rooms")),
        sa.UniqueConstraint(
            "clinic_id", "service_id", "room_id", name=op.f("uq_service_rooms_clinic_id_service_id_room_id")
        ),
    )
    op.create_table(
        "service_practitioners",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioners.clinic_id", "practitioners.id"],
            name=op.f("fk_service_practitioners_clinic_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "service_id"],
            ["services.clinic_id", "services.id"],
            name=op.f("fk_service_practitioners_clinic_id_service_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_service_practitioners_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_practitioners")),
        sa.UniqueConstraint(
            "clinic_id",
            "service_id",
            "practitioner_id",
            name=op.f("uq_service_practitioners_clinic_id_service_id_practitioner_id"),
        ),
    )


def _create_hours() -> None:
    op.create_table(
        "closures",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("starts", sa.SmallInteger(), nullable=True),
        sa.Column("ends", sa.SmallInteger(), nullable=True),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("holiday", sa.Boolean(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(starts IS NULL) = (ends IS NULL)", name=op.f("ck_closures_whole_days")),
        sa.CheckConstraint("0 <= starts AND starts < ends AND ends <= 1440", name=op.f("ck_closures_times")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_closures_days")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "room_id"], ["rooms.clinic_id", "rooms.id"], name=op.f("fk_closures_clinic_id_room_id")
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_closures_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
    )
    op.create_index("ix_closures_days", "closures", ["clinic_id", "last_day"], unique=False)
    op.create_table(
        "hours_exceptions",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("starts", sa.SmallInteger(), nullable=True),
        sa.Column("ends", sa.SmallInteger(), nullable=True),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(starts IS NULL) = (ends IS NULL) AND (starts IS NOT NULL OR kind = 'leave')",
            name=op.f("ck_hours_exceptions_whole_days"),
        ),
        sa.CheckConstraint("kind IN ('leave', 'hours', 'extra')", name=op.f("ck_hours_exceptions_kind")),
        sa.CheckConstraint("0 <= starts AND starts < ends AND ends <= 1440", name=op.f("ck_hours_exceptions_times")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_hours_exceptions_days")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioners.clinic_id", "practitioners.id"],
            name=op.f("fk_hours_exceptions_clinic_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "room_id"],
            ["rooms.clinic_id", "rooms.id"],
            name=op.f("fk_hours_exceptions_clinic_id_room_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_hours_exceptions_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_exceptions")),
    )
    op.create_index(
        "ix_hours_exceptions_practitioner",
        "hours_exceptions",
        ["clinic_id", "practitioner_id", "last_day"],
        unique=False,
    )
    op.create_table(
        "weekly_hours",
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("starts", sa.SmallInteger(), nullable=False),
        sa.Column("ends", sa.SmallInteger(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("0 <= starts AND starts < ends AND ends <= 1440", name=op.f("ck_weekly_hours_times")),
        sa.CheckConstraint("valid_from <= valid_until", name=op.f("ck_weekly_hours_valid")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_weekly_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioners.clinic_id", "practitioners.id"],
            name=op.f("fk_weekly_hours_clinic_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "room_id"], ["rooms.clinic_id", "rooms.id"], name=op.f("fk_weekly_hours_clinic_id_room_id")
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_weekly_hours_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_hours")),
    )
    op.create_index(
        "ix_weekly_hours_practitioner",
        "weekly_hours",
        ["clinic_id", "practitioner_id", "weekday", "starts"],
        unique=False,
    )
