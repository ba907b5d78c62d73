"""A clinic of an older revision, upgraded: its tests name the revision, and insert the rows that it had."""

from collections.abc import Iterator

import pytest

from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import Ids, Upgrades
from tests.upgrade.replaceable_databases import a_replaceable_database


@pytest.fixture(scope="session")
def upgrades_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrades]:
    """Upgraded databases on SQLite."""
    with a_replaceable_database("sqlite") as database:
        yield Upgrades(database, tmp_path_factory.mktemp("upgrades"))


@pytest.fixture(scope="session")
def upgrades_on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrades]:
    """Upgraded databases on PostgreSQL."""
    with a_replaceable_database("postgresql") as database:
        yield Upgrades(database, tmp_path_factory.mktemp("upgrades"))


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def upgrades(request: pytest.FixtureRequest) -> Upgrades:
    """Upgraded databases on each kind of database."""
    found: Upgrades = request.getfixturevalue(f"upgrades_on_{request.param}")
    return found


@pytest.fixture
def revision(request: pytest.FixtureRequest) -> str:
    """The `REVISION` of the test's file."""
    return str(request.module.REVISION)


@pytest.fixture
def ids(request: pytest.FixtureRequest, upgrades: Upgrades, revision: str) -> Iterator[Ids]:
    """The ids of what `insert_rows` of the test's file has put into a database of the revision, upgraded."""
    with upgrades.enter(revision, request.module.insert_rows) as ids:
        yield ids
