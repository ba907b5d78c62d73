"""The calls that a tracer follows succeed."""

from collections.abc import Callable, Iterator

import pytest

from clinic.core.events import event_bus
from tests.databases import make_tables
from tests.load import trace_drivers

DRIVERS = [
    trace_drivers.post_patients,
    trace_drivers.get_appointments,
    trace_drivers.billing_pay,
    trace_drivers.send_one_mail,
]


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """Leave no handler of the driver's application behind."""
    event_bus.clear()
    yield
    event_bus.clear()


@pytest.fixture(autouse=True)
def copied_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `flask init` copy the tables of a database that was migrated before."""
    monkeypatch.setattr("clinic.operations.setup.upgrade_database", make_tables)


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_prepares_a_call_that_succeeds(driver: Callable[[], Callable[[], None]]) -> None:
    call = driver()

    call()
