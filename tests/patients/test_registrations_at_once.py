"""200 registrations at once at a real server: each gets a number of its own, and no number is left out."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask import Flask

from clinic.core.db import db
from tests.assertions import rows
from tests.browser.server import serve

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

COUNT = 200
PATIENCE = 120
"""Seconds after which the test gives up."""


@pytest.fixture
def origin(app: Flask, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of four processes with four threads each."""
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    with serve(url, tmp_path) as found:
        yield found
    assert (tmp_path / "server.log").read_text().count("Booting worker") == 4


def post(origin: str, key: str, number: int) -> tuple[int, Any, str | None]:
    """Send a registration; return the status, the body and when to send it again."""
    body = json.dumps({"family_name": f"Name {number}", "birth_date": "1991"}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = Request(
        f"{origin}/api/v1/patients", body, headers | {"Idempotency-Key": f"registration-{number:06d}"}, method="POST"
    )
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer), None
    except HTTPError as error:
        return error.code, None, error.headers["Retry-After"]


def test_two_hundred_registrations_at_once_get_two_hundred_numbers_without_a_gap(
    app: Flask, client: Any, origin: str
) -> None:
    start, statuses = Barrier(COUNT), Counter[int]()

    def register(number: int) -> str:
        start.wait(PATIENCE)
        while True:
            status, body, retry_after = post(origin, client.key, number)
            statuses[status] += 1
            if status == 201:
                return str(body["mrn"])
            assert status == 503, status
            assert retry_after
            time.sleep(min(float(retry_after), 2))

    with ThreadPoolExecutor(COUNT) as threads:
        numbers = list(threads.map(register, range(COUNT)))

    expected = [f"P-{number:06d}" for number in range(1, COUNT + 1)]
    assert sorted(numbers) == expected
    assert sorted(row["mrn"] for row in rows(app, "patients")) == expected
    assert len({row["family_name"] for row in rows(app, "patients")}) == COUNT
    assert set(statuses) <= {201, 503}
