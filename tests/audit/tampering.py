"""Edits of the audit trail by somebody with write access to the database."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from clinic.audit.models import AuditHead
from clinic.core.audit import AuditEntry
from clinic.core.ids import new_id

Row = dict[str, Any]
TABLE = AuditEntry.metadata.tables[AuditEntry.__tablename__]
COLUMNS = [column.name for column in TABLE.columns]
CONTENT = [name for name in COLUMNS if name not in {"id", "position", "seal"}]
AWAY = 1_000_000


def stored(connection: Connection) -> list[Row]:
    """Return the sealed entries in the order of the chain."""
    sealed = select(*TABLE.columns).where(AuditEntry.position.is_not(None))
    return [dict(row) for row in connection.execute(sealed.order_by(AuditEntry.position)).mappings()]


def write(connection: Connection, entry_id: UUID, **values: Any) -> None:
    """Change columns of a stored entry."""
    connection.execute(update(TABLE).where(TABLE.c.id == entry_id).values(**values))


def another(name: str, row: Row, chance: Random) -> Any:
    """Return a random other value for a column."""
    value = row[name]
    if name == "changes":
        return {**value, f"field{chance.randrange(9)}": [None, chance.random()]}
    if name == "at":
        return value + timedelta(microseconds=chance.randrange(1, 10**9))
    if name == "position":
        return AWAY + chance.randrange(AWAY)
    if name == "seal":
        return f"{chance.getrandbits(256):064x}"
    if name in {"id", "clinic_id", "session_id", "key_id", "record_id", "patient_id"}:
        return UUID(int=chance.getrandbits(128)) if name == "id" or value is None or chance.random() < 0.5 else None
    return f"{value}{chance.choice('xyz')}"[-20:]


def change_a_column(connection: Connection, rows: list[Row], chance: Random) -> str:
    row, name = chance.choice(rows), chance.choice(COLUMNS)
    if name in {"clinic_id", "session_id", "key_id", "record_id", "patient_id"} and row[name] is None:
        write(connection, row["id"], **{name: UUID(int=chance.getrandbits(128))})
    else:
        write(connection, row["id"], **{name: another(name, row, chance)})
    return name


def delete_a_row(connection: Connection, rows: list[Row], chance: Random) -> str:
    row = chance.choice(rows)
    connection.execute(delete(AuditEntry).where(AuditEntry.id == row["id"]))
    return str(row["position"])


def delete_and_close_the_gap(connection: Connection, rows: list[Row], chance: Random) -> str:
    at = chance.randrange(len(rows) - 1)
    connection.execute(delete(AuditEntry).where(AuditEntry.id == rows[at]["id"]))
    for row in rows[at + 1 :]:
        write(connection, row["id"], position=row["position"] - 1)
    set_head(connection, len(rows) - 1, rows[-1]["seal"])
    return str(at)


def swap_contents(connection: Connection, rows: list[Row], chance: Random) -> str:
    one, other = chance.sample(rows, 2)
    write(connection, one["id"], **{name: other[name] for name in CONTENT})
    write(connection, other["id"], **{name: one[name] for name in CONTENT})
    return f"{one['position']} {other['position']}"


def swap_positions(connection: Connection, rows: list[Row], chance: Random) -> str:
    one, other = chance.sample(rows, 2)
    seals = chance.random() < 0.5
    write(connection, one["id"], position=AWAY)
    write(connection, other["id"], position=one["position"], **({"seal": one["seal"]} if seals else {}))
    write(connection, one["id"], position=other["position"], **({"seal": other["seal"]} if seals else {}))
    return f"{one['position']} {other['position']} {seals}"


def cut_off_the_end(connection: Connection, rows: list[Row], chance: Random) -> str:
    left = chance.randrange(len(rows))
    connection.execute(delete(AuditEntry).where(AuditEntry.position > left))
    tidy = chance.random() < 0.5
    if tidy:
        set_head(connection, left, rows[left - 1]["seal"] if left else "")
    return f"{left} {tidy}"


def insert_a_forged_row(connection: Connection, rows: list[Row], chance: Random) -> str:
    at = chance.randrange(len(rows) + 1)
    for row in reversed(rows[at:]):
        write(connection, row["id"], position=row["position"] + 1)
    model = chance.choice(rows)
    forged = {**model, "id": new_id(), "position": at + 1}
    if chance.random() < 0.5:
        forged["seal"] = f"{chance.getrandbits(256):064x}"
    connection.execute(insert(AuditEntry), [forged])
    set_head(connection, len(rows) + 1, rows[-1]["seal"] if at < len(rows) else forged["seal"])
    return str(at)


def take_a_seal_away(connection: Connection, rows: list[Row], chance: Random) -> str:
    taken = chance.choice([["seal"], ["position"], ["seal", "position"]])
    row = chance.choice(rows)
    write(connection, row["id"], **dict.fromkeys(taken))
    return f"{row['position']} {taken}"


def edit_the_head(connection: Connection, rows: list[Row], chance: Random) -> str:
    at = chance.randrange(len(rows) - 1)
    how = chance.randrange(4)
    if how == 0:
        connection.execute(delete(AuditHead))
    elif how == 1:
        set_head(connection, rows[at]["position"], rows[at]["seal"])
    elif how == 2:
        set_head(connection, len(rows), rows[at]["seal"])
    else:
        set_head(connection, len(rows) + 1 + at, rows[-1]["seal"])
    return f"{how} {at}"


def set_head(connection: Connection, position: int, seal: str) -> None:
    connection.execute(update(AuditHead).values(position=position, seal=seal))


EDITS: list[Callable[[Connection, list[Row], Random], str]] = [
    change_a_column,
    delete_a_row,
    delete_and_close_the_gap,
    swap_contents,
    swap_positions,
    cut_off_the_end,
    insert_a_forged_row,
    take_a_seal_away,
    edit_the_head,
]
