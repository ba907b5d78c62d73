"""Triggers that refuse changes of rows, with the same effect on SQLite and PostgreSQL: an `IntegrityError`.

SQLite loses the triggers of a table that is rebuilt, and can't rebuild one that the triggers of another table name: a
migration that alters such tables (`batch_alter_table`) does so within `guards_set_aside`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from alembic import op
from sqlalchemy import text


def create_update_guard(table: str, name: str, *, when: str, columns: Sequence[str], json: Sequence[str] = ()) -> None:
    """Refuse to change columns of the rows of a table for which `when` holds of `OLD`; `json` are columns of that type.

    :raises IntegrityError: from the database, by a statement that changes one of them
    """
    changed = [_changed(f"OLD.{column}", f"NEW.{column}") for column in columns]
    changed += [_changed(_text(f"OLD.{column}"), _text(f"NEW.{column}")) for column in json]
    _create_trigger(table, name, "UPDATE", f"({when}) AND ({' OR '.join(changed)})")


MOMENTS = ("INSERT", "UPDATE", "DELETE")


def create_part_guard(
    table: str, name: str, *, owner: str, key: str, when: str, moments: Sequence[str] = MOMENTS
) -> None:
    """Refuse to insert, change or delete rows whose `key` names a row of `owner` for which `when` holds.

    :raises IntegrityError: from the database
    """
    for moment in moments:
        versions = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}[moment]
        keys = ", ".join(f"{version}.{key}" for version in versions)
        found = f"EXISTS (SELECT 1 FROM {owner} WHERE {owner}.id IN ({keys}) AND ({when}))"  # noqa: S608
        _create_trigger(table, f"{name}_{moment.lower()}", moment, found)


@contextmanager
def guards_set_aside(*tables: str) -> Iterator[None]:
    """Drop the triggers of tables on SQLite, and create them again as they were after the block."""
    wanted = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table ORDER BY name")
    found = (
        [] if _is_postgresql() else [one for table in tables for one in op.get_bind().execute(wanted, {"table": table})]
    )
    for trigger in found:
        op.execute(f"DROP TRIGGER {trigger.name}")
    yield
    for trigger in found:
        op.execute(trigger.sql)


def drop_guard(table: str, name: str) -> None:
    """Drop a guard of columns."""
    if _is_postgresql():
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")
    else:
        op.execute(f"DROP TRIGGER {name}")


def drop_part_guard(table: str, name: str, *, moments: Sequence[str] = MOMENTS) -> None:
    """Drop a guard of the parts of a row."""
    for moment in moments:
        drop_guard(table, f"{name}_{moment.lower()}")


def _create_trigger(table: str, name: str, moment: str, condition: str) -> None:
    if not _is_postgresql():
        raised = f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
        op.execute(f"CREATE TRIGGER {name} BEFORE {moment} ON {table} WHEN {condition} {raised}")
        return
    row = "OLD" if moment == "DELETE" else "NEW"
    raised = f"RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'"
    body = f"BEGIN IF {condition} THEN {raised}; END IF; RETURN {row}; END"
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    op.execute(f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _changed(old: str, new: str) -> str:
    return f"{old} IS DISTINCT FROM {new}" if _is_postgresql() else f"{old} IS NOT {new}"


def _text(column: str) -> str:
    return f"{column}::text" if _is_postgresql() else column


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
