"""Fixtures of the tests of the register."""

from collections.abc import Callable

import pytest
from flask import Flask

from clinic.identity.models import Clinic
from tests.concurrency import run_at_once

AtOnce = Callable[[int, Callable[[int], object]], list[Exception | None]]


@pytest.fixture
def at_once(app: Flask, clinic: Clinic) -> AtOnce:
    """Run something several times at once: `at_once(8, register)` returns what each one raised."""
    return lambda count, act: run_at_once(app, clinic.id, count, act)
