"""Fixtures of the audit trail's tests."""

from collections.abc import Iterator

import pytest
from flask import Flask

from clinic.audit.checkpoint import checkpoint_file


@pytest.fixture
def no_checkpoint(app: Flask) -> Iterator[None]:
    """Start without the checkpoint of another test, and leave none."""
    with app.app_context():
        file = checkpoint_file()
    file.unlink(missing_ok=True)
    yield
    file.unlink(missing_ok=True)
