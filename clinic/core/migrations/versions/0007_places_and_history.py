"""Appointments have a service, a place in a room, buffers, a lane, their wall time, and a history."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ACTIVE = "('pending', 'booked', 'arrived', 'checked-in', 'fulfilled')"
NEW_CHECKS = {
    "blocked": "blocked_from <= starts_at AND blocked_until >= ends_at",
    "place": "(room_id IS NULL) = (place IS NULL) AND place >= 0 AND lane >= 0",
}
FILLED = ("wall_start", "zone", "blocked_from", "blocked_until")
OLD_GUARDS = {who: (f"{who}_id",) for who in ("practitioner", "patient")}
GUARDS = {
    "practitioner": ("practitioner_id", "lane"),
    "patient": ("patient_id",),
    "room": ("room_id", "place", "lane"),
}
"""What must not be the same in two active appointments at once."""


def upgrade() -> None:
    _drop_guards(OLD_GUARDS)
    for column in _new_columns():
        op.add_column("appointments", column)
    _fill()
    with op.batch_alter_table("appointments") as appointments:
        for name in FILLED:
            appointments.alter_column(name, nullable=False)
        for name, condition in NEW_CHECKS.items():
            appointments.create_check_constraint(op.f(f"ck_appointments_{name}"), condition)
        for name, table in (("service_id", "services"), ("room_id", "rooms")):
            appointments.create_foreign_key(
                op.f(f"fk_appointments_clinic_id_{name}"), table, ["clinic_id", name], ["clinic_id", "id"]
            )
    op.create_index("ix_appointments_room", "appointments", ["clinic_id", "room_id", "starts_at"], unique=False)
    _create_history()
    for who, columns in GUARDS.items():
        _guard(who, columns, "starts_at, ends_at" if who == "patient" else "blocked_from, blocked_until")


def downgrade() -> None:
    _drop_guards(GUARDS)
    op.drop_table("appointment_history")
    op.drop_index("ix_appointments_room", table_name="appointments")
    with op.batch_alter_table("appointments") as appointments:
        for name in ("service_id", "room_id"):
            appointments.drop_constraint(op.f(f"fk_appointments_clinic_id_{name}"), type_="foreignkey")
        for name in NEW_CHECKS:
            appointments.drop_constraint(op.f(f"ck_appointments_{name}"), type_="check")
        for column in _new_columns():
            appointments.drop_column(column.name)
    for who, columns in OLD_GUARDS.items():
        _guard(who, columns, "starts_at, ends_at")


def _new_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("wall_start", sa.DateTime()),
        sa.Column("zone", sa.String(length=64)),
        sa.Column("service_id", sa.Uuid()),
        sa.Column("room_id", sa.Uuid()),
        sa.Column("place", sa.SmallInteger()),
        sa.Column("lane", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("blocked_from", sa.DateTime(timezone=True)),
        sa.Column("blocked_until", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.String(length=200)),
        sa.Column("note", sa.String(length=1000)),
        sa.Column("overbook_reason", sa.String(length=200)),
        sa.Column("late", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def _fill() -> None:
    """Give each appointment the wall time of its clinic's time zone, and no buffers."""
    op.execute("UPDATE appointments SET blocked_from = starts_at, blocked_until = ends_at")
    clinics = sa.table("clinics", sa.column("id", sa.Uuid), sa.column("zone"))
    for clinic_id, zone in op.get_bind().execute(sa.select(clinics.c.id, clinics.c.zone)).all():
        _fill_wall_times(clinic_id, zone)


def _fill_wall_times(clinic_id: Any, zone: str) -> None:
    starts_at = sa.column("starts_at", sa.DateTime(timezone=True))
    appointments = sa.table(
        "appointments",
        *(sa.column(name, sa.Uuid) for name in ("id", "clinic_id")),
        sa.column("wall_start", sa.DateTime),
        sa.column("zone"),
        starts_at,
    )
    rows = op.get_bind().execute(
        sa.select(appointments.c.id, appointments.c.starts_at).where(appointments.c.clinic_id == clinic_id)
    )
    changes = [{"row_id": row.id, "wall": _wall_time(row.starts_at, zone)} for row in rows]
    if changes:
        statement = appointments.update().where(appointments.c.id == sa.bindparam("row_id"))
        op.get_bind().execute(statement.values(wall_start=sa.bindparam("wall"), zone=zone), changes)


def _wall_time(instant: datetime, zone: str) -> datetime:
    """Return the local time of an instant, which SQLite stores without its zone, UTC."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _drop_guards(guards: Iterable[str]) -> None:
    for who in guards:
        if op.get_bind().dialect.name == "postgresql":
            op.drop_constraint(f"appointments_{who}_free", "appointments")
            continue
        for moment in ("insert", "update"):
            op.execute(f"DROP TRIGGER appointments_{who}_free_{moment}")


def _guard(who: str, columns: tuple[str, ...], span: str) -> None:
    """Refuse two active appointments that agree in these columns and overlap; a NULL agrees with nothing.

    On SQLite an index on the start finds the others, as an appointment lasts a day at most and a buffer four hours.
    """
    if op.get_bind().dialect.name == "postgresql":
        same = ", ".join(f"{column} WITH =" for column in ("clinic_id", *columns))
        op.execute(
            f"ALTER TABLE appointments ADD CONSTRAINT appointments_{who}_free EXCLUDE USING gist "
            f"({same}, tstzrange({span}) WITH &&) WHERE (status IN {ACTIVE})"
        )
        return
    start, end = span.split(", ")
    same = " AND ".join(f"other.{column} = NEW.{column}" for column in ("clinic_id", *columns))
    for moment in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER appointments_{who}_free_{moment.lower()} BEFORE {moment} ON appointments "
            f"WHEN NEW.status IN {ACTIVE} AND EXISTS (SELECT 1 FROM appointments AS other "
            f"WHERE {same} AND other.id <> NEW.id AND other.status IN {ACTIVE} "
            f"AND other.{start} < NEW.{end} AND other.{end} > NEW.{start} "
            f"AND other.starts_at > datetime(NEW.{start}, '-2 days') "
            f"AND other.starts_at < datetime(NEW.{end}, '+1 day')) "
            f"BEGIN SELECT RAISE(ABORT, 'appointments_{who}_free'); END"
        )


def _create_history() -> None:
    op.create_table(
        "appointment_history",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("from_status", sa.String(length=20), nullable=True),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "appointment_id"],
            ["appointments.clinic_id", "appointments.id"],
            name=op.f("fk_appointment_history_clinic_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_appointment_history_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_history")),
    )
    op.create_index(
        "ix_appointment_history_appointment", "appointment_history", ["clinic_id", "appointment_id", "id"], unique=False
    )
