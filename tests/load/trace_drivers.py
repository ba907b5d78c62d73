"""Calls whose way through the files of `clinic/` a tracer follows, each ready to run on a new installation.

A function returns a callable for the one call that is traced; everything before it, a first call of the same kind
among it, has happened by then. The installation is set up through pages, commands and the JSON API only.
"""

import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from clinic import create_app

EMAIL, PASSWORD = "ana@example.org", "a harbour full of boats"
CLINIC = ("--clinic", "Harbour Clinic", "--zone", "Europe/Lisbon", "--currency", "EUR", "--locale", "en_GB")
VISIT = {"description": "Visit", "quantity": "1", "unit_price": {"amount": "45.00", "currency": "EUR"}}


def post_patients() -> Callable[[], None]:
    """Send the form of a new patient, as an administrator."""
    app, secret = _installation()
    browser = app.test_client()
    token = _log_in(browser, secret)

    def send() -> None:
        name = token_urlsafe()  # nobody is on file who may be the same person
        fields = {"family_name": name, "email": f"{name}@example.org", "csrf_token": token}
        _expect(303, browser.post("/patients/new", data=fields))

    send()
    return send


def get_appointments() -> Callable[[], None]:
    """Ask the JSON API for the appointments, of which there is one."""
    app, _ = _installation()
    client, headers = app.test_client(), _key_headers(app)
    patient = _created(client, headers, "/patients", {"family_name": "Pereira"})
    practitioner = _created(client, headers, "/practitioners", {"name": "Dr Amara Okafor"})
    day = (datetime.now(UTC) + timedelta(days=7)).strftime("%Y-%m-%d")
    times = {"starts_at": f"{day}T09:00:00Z", "ends_at": f"{day}T09:30:00Z"}
    _created(client, headers, "/appointments", {"patient_id": patient, "practitioner_id": practitioner, **times})

    def ask() -> None:
        answer = _expect(200, client.get("/api/v1/appointments", headers=headers))
        assert len(answer.get_json()["data"]) == 1

    ask()
    return ask


def billing_pay() -> Callable[[], None]:
    """Run `flask billing pay` for a whole invoice."""
    app, _ = _installation()
    client, headers = app.test_client(), _key_headers(app)
    patient = _created(client, headers, "/patients", {"family_name": "Pereira", "email": "ines@example.org"})
    numbers = [_issued(client, headers, patient) for _ in range(2)]

    def pay() -> None:
        _run(app, "billing", "pay", numbers.pop(), "45.00", "--method", "card")

    pay()
    return pay


def send_one_mail() -> Callable[[], None]:
    """Run `flask worker --once` when one mail to a patient is due."""
    app, _ = _installation()
    client, headers = app.test_client(), _key_headers(app)
    outbox = Path(app.instance_path) / "outbox"

    def queue() -> None:
        _created(client, headers, "/patients", {"family_name": "Pereira", "email": "ines@example.org"})

    def work() -> None:
        before = len(list(outbox.glob("*.eml")))
        _run(app, "worker", "--once")
        assert len(list(outbox.glob("*.eml"))) == before + 1

    queue()
    work()
    queue()
    return work


def _installation() -> tuple[Flask, str]:
    """Set a clinic up in a folder of its own; return the secret with which its administrator logs in."""
    folder = Path(tempfile.mkdtemp(prefix="clinic-trace-"))
    app = create_app({"TESTING": True, "INSTANCE_PATH": folder, "SECRET_KEY": "test" * 10})
    return app, _run(app, "init", *CLINIC, "--admin", EMAIL)


def _log_in(browser: FlaskClient, secret: str) -> str:
    """Log in, choose a password; return the token that forms carry."""
    token = _token(browser, "/login")
    _expect(303, browser.post("/login", data={"email": EMAIL, "password": secret, "csrf_token": token}))
    token = _token(browser, "/account/password")
    passwords = {"present_password": secret, "new_password": PASSWORD}
    _expect(303, browser.post("/account/password", data={**passwords, "csrf_token": token}))
    return _token(browser, "/patients/new")


def _token(browser: FlaskClient, url: str) -> str:
    found = re.search('name="csrf_token" value="([^"]*)"', browser.get(url).text)
    assert found, f"{url} has no form"
    return found[1]


def _key_headers(app: Flask) -> dict[str, str]:
    return {"Authorization": f"Bearer {_run(app, 'api-keys', 'create', '--name', 'Trace', '--scopes', 'all')}"}


def _issued(client: FlaskClient, headers: dict[str, str], patient_id: str) -> str:
    invoice_id = _created(client, headers, "/invoices", {"patient_id": patient_id, "lines": [VISIT]})
    answer = _expect(200, client.post(f"/api/v1/invoices/{invoice_id}/issue", json={}, headers=headers))
    return str(answer.get_json()["number"])


def _created(client: FlaskClient, headers: dict[str, str], path: str, body: dict[str, Any]) -> str:
    answer = _expect(201, client.post(f"/api/v1{path}", json=body, headers=headers))
    return str(answer.get_json()["id"])


def _run(app: Flask, *args: str) -> str:
    result = app.test_cli_runner().invoke(args=list(args))
    assert result.exit_code == 0, result.stderr
    return result.stdout.strip()


def _expect(status: int, response: Any) -> Any:
    assert response.status_code == status, response.text
    return response
