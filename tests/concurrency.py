"""Doing something several times at once, as several people would."""

from collections.abc import Callable
from threading import Barrier, Thread
from uuid import UUID

from flask import Flask

from clinic.core.tenancy import clinic_scope

PATIENCE = 30
"""Seconds after which a test gives up on its threads."""


def run_at_once(app: Flask, clinic_id: UUID, count: int, act: Callable[[int], object]) -> list[Exception | None]:
    """Run `act(0)`, `act(1)` … in threads that start together; return what each one raised."""
    outcomes: list[Exception | None] = [None] * count
    start = Barrier(count)

    def run(number: int) -> None:
        start.wait(PATIENCE)
        try:
            with app.app_context(), clinic_scope(clinic_id):
                act(number)
        except Exception as error:
            outcomes[number] = error

    threads = [Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return outcomes
