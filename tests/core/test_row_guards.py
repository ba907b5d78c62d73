"""Guards of rows, made and set aside by migrations on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Integer, String, create_engine, text
from sqlalchemy.exc import IntegrityError

from clinic.core.db.row_guards import (
    create_part_guard,
    create_update_guard,
    drop_guard,
    drop_part_guard,
    guards_set_aside,
)
from tests.databases import POSTGRESQL, SQLITE, a_postgres_database

pytestmark = pytest.mark.both_databases


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection to a database with a closed and an open box of one thing each, in the context of a migration."""
    if request.param == "sqlite":
        yield from _connect(f"sqlite:///{tmp_path / 'guards.db'}")
    else:
        with a_postgres_database() as url:
            yield from _connect(url)


def _connect(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        connection.execute(text("CREATE TABLE boxes (id INTEGER PRIMARY KEY, closed INTEGER, label VARCHAR(10))"))
        connection.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY, box_id INTEGER)"))
        connection.execute(text("INSERT INTO boxes VALUES (1, 1, 'a'), (2, 0, 'b')"))
        connection.execute(text("INSERT INTO things VALUES (1, 1), (2, 2)"))
        create_update_guard("boxes", "boxes_guard", when="OLD.closed = 1", columns=["label"])
        create_part_guard("things", "things_guard", owner="boxes", key="box_id", when="boxes.closed = 1")
        yield connection
    engine.dispose()


REFUSED = (
    "UPDATE boxes SET label = NULL WHERE id = 1",
    "INSERT INTO things VALUES (3, 1)",
    "UPDATE things SET id = 9 WHERE box_id = 1",
    "UPDATE things SET box_id = 1 WHERE box_id = 2",
    "DELETE FROM things WHERE box_id = 1",
)
ALLOWED = (
    "UPDATE boxes SET closed = 1 WHERE id = 1",
    "UPDATE boxes SET label = 'c' WHERE id = 2",
    "INSERT INTO things VALUES (3, 2)",
    "DELETE FROM things WHERE box_id = 2",
)


def is_refused(connection: Connection, statement: str) -> bool:
    """Return whether the database refuses a statement; nothing of it is kept."""
    savepoint = connection.begin_nested()
    try:
        connection.execute(text(statement))
    except IntegrityError:
        return True
    finally:
        savepoint.rollback()
    return False


def test_a_guard_refuses_only_what_it_is_for(connection: Connection) -> None:
    assert [statement for statement in REFUSED if not is_refused(connection, statement)] == []
    assert [statement for statement in ALLOWED if is_refused(connection, statement)] == []


def test_tables_are_rebuilt_while_their_guards_are_set_aside(connection: Connection) -> None:
    operations = Operations(MigrationContext.configure(connection))

    with guards_set_aside("boxes", "things"), operations.batch_alter_table("boxes", recreate="auto") as boxes:
        boxes.alter_column("closed", existing_type=Integer(), nullable=False)
        boxes.alter_column("label", existing_type=String(10), type_=String(20))

    assert [statement for statement in REFUSED if not is_refused(connection, statement)] == []


def test_dropped_guards_refuse_nothing(connection: Connection) -> None:
    drop_guard("boxes", "boxes_guard")
    drop_part_guard("things", "things_guard")

    assert [statement for statement in REFUSED if is_refused(connection, statement)] == []
