"""The OpenAPI document in the hands of others: validators, a client generator and a tester of APIs."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID, uuid4

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from clinic import create_app
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from tests.billing.invoices import a_draft, an_invoice
from tests.browser.server import serve
from tests.builders import MONDAY, a_clinic, a_patient, a_practitioner, an_appointment
from tests.databases import make_tables
from tests.web.test_openapi import METHODS

pytestmark = pytest.mark.slow

Call = Callable[..., Any]

REDOCLY = "@redocly/cli@2.77.0"
CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
EXAMPLES = os.environ.get("CLINIC_API_EXAMPLES", "1")
"""Requests of each operation that are fuzzed, besides some 5,700 that cover their parameters."""


@dataclass(frozen=True)
class Served:
    """Where a clinic is served, a key to everything in it, and records in it by the names of their parameters."""

    origin: str
    key: str
    records: dict[str, UUID]


def _records() -> dict[str, UUID]:
    appointment = an_appointment()
    return {
        "patient_id": a_patient().id,
        "practitioner_id": a_practitioner().id,
        "appointment_id": appointment.id,
        "draft_id": a_draft().id,
        "invoice_id": an_invoice().id,
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a clinic of its own on SQLite."""
    folder = tmp_path_factory.mktemp("served")
    url = f"sqlite:///{folder / 'clinic.db'}"
    app = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder, "SECRET_KEY": "k" * 40})
    with app.app_context():
        make_tables()
        with clinic_scope(a_clinic().id):
            _, key = api_key_service.create(label="Tools", scopes=["all"])
            records = _records()
        db.engine.dispose()
    with serve(url, folder) as origin:
        yield Served(origin, key, records)


@pytest.fixture(scope="module")
def document(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The OpenAPI document as a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    with urlopen(f"{served.origin}/api/openapi.json", timeout=20) as response:
        path.write_bytes(response.read())
    return path


def run(*command: str | Path, cwd: Path) -> str:
    """Run a tool in a folder and return its output; fail with it if the tool fails."""
    found = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, (found.stdout + found.stderr)[-30_000:]
    return found.stdout


def tool(name: str) -> Path:
    """Return the path of a tool that is installed beside the interpreter."""
    return Path(sys.executable).with_name(name)


def test_the_document_is_valid_by_its_own_standard(document: Path) -> None:
    errors = OpenAPIV31SpecValidator(json.loads(document.read_text())).iter_errors()

    assert [error.message for error in errors] == []


def test_redocly_finds_no_error_and_no_warning(document: Path) -> None:
    found = run("npx", "--yes", REDOCLY, "lint", "--format=json", document.name, cwd=document.parent)

    assert json.loads(found)["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


@pytest.fixture(scope="module")
def generated(document: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a package with a client that was generated from the document."""
    name, folder = "generated_client", tmp_path_factory.mktemp("generated")
    options = ["--path", str(document), "--output-path", str(folder / name), "--meta", "none", "--fail-on-warning"]
    run(tool("openapi-python-client"), "generate", *options, cwd=folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield name


@pytest.fixture
def call(generated: str, served: Served) -> Iterator[Call]:
    """Call a function of the generated client."""
    client = import_module(f"{generated}.client").AuthenticatedClient(base_url=served.origin, token=served.key)
    with client:
        yield lambda name, *args, **options: import_module(f"{generated}.api.{name}").sync(
            *args, client=client, **options
        )


def test_a_generated_client_registers_books_issues_and_pays(generated: str, call: Call) -> None:
    models = import_module(f"{generated}.models")
    price = models.Money(amount="50.00", currency="EUR")
    line = models.InvoiceLine(description="Consultation", quantity="1", unit_price=price)

    patient = call("patients.create_patient", body=models.Patient(family_name="Pereira", given_name="Inês"))
    practitioner = call("practitioners.create_practitioner", body=models.Practitioner(name="Dr Amara Okafor"))
    booking = models.Appointment(
        patient_id=patient.id,
        practitioner_id=practitioner.id,
        starts_at=MONDAY,
        ends_at=MONDAY + timedelta(minutes=30),
    )
    appointment = call("appointments.create_appointment", body=booking)
    refused = call("appointments.create_appointment", body=booking)
    draft = call("invoices.create_invoice", body=models.Invoice(patient_id=patient.id, lines=[line]))
    issued = call("invoices.issue_invoice", draft.id, if_match=f'"{draft.version}"')
    payment = models.Payment(amount=price, method=models.PaymentMethod.CARD)
    call("invoices.pay_invoice", draft.id, body=payment, idempotency_key=uuid4().hex)
    paid = call("invoices.get_invoice", draft.id)

    assert patient.given_name == "Inês"
    assert appointment.status is models.AppointmentStatus.BOOKED
    assert (refused.code, refused.conflicts) == ("slot-taken", [appointment.id])
    assert issued.status is models.InvoiceStatus.ISSUED
    assert (paid.status, paid.due.amount) == (models.InvoiceStatus.BALANCED, "0.00")


def test_a_generated_client_updates_the_version_that_it_has_seen(generated: str, call: Call) -> None:
    models = import_module(f"{generated}.models")
    patient = call("patients.create_patient", body=models.Patient(family_name="Pereira"))
    change = models.PatientPatch(given_name="Inês")

    updated = call("patients.update_patient", patient.id, body=change, if_match='"1"')
    stale = call("patients.update_patient", patient.id, body=change, if_match='"1"')

    assert (updated.given_name, updated.version) == ("Inês", 2)
    assert (stale.status, stale.present["version"]) == (412, 2)


def _with_records(served: Served) -> str:
    """Return the configuration of schemathesis, with records that half of the requests name."""
    ids = {name.removesuffix("_id"): str(value) for name, value in served.records.items()}
    values = {
        **{name: [value] for name, value in ids.items()},
        "invoice": [ids["invoice"], ids.pop("draft")],
        "if_match": ["*", '"1"', '"2"'],
        "currency": ["EUR"],
        "starts_at": [f"2029-11-27T{hour:02}:00:00Z" for hour in range(8, 18)],
        "ends_at": [f"2029-11-27T{hour:02}:30:00Z" for hour in range(8, 18)],
    }
    bindings = {
        **{f"path.{name}_id": name for name in ids},
        **{f"{place}.{name}_id": name for place in ("query", "body") for name in ("patient", "practitioner")},
        "header.If-Match": "if_match",
        "body.amount.currency": "currency",
        "body.lines[*].unit_price.currency": "currency",
        "body.starts_at": "starts_at",
        "body.ends_at": "ends_at",
    }
    lines = [f"hooks = {json.dumps(str(HOOKS))}", CONFIG.read_text(), "[parameters]"]
    lines += [f'"{name}" = {{dictionary = "{source}", probability = 0.5}}' for name, source in bindings.items()]
    for name, chosen in values.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(chosen)}"]
    return "\n".join(lines)


@pytest.mark.timeout(1500)
def test_schemathesis_finds_nothing(served: Served, document: Path, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(_with_records(served))
    target = [f"{served.origin}/api/openapi.json", "-H", f"Authorization: Bearer {served.key}"]
    options = ["--max-examples", EXAMPLES, "--report-json-path", "report.json"]

    found = run(tool("schemathesis"), "--config-file", config, "run", *target, *options, cwd=tmp_path)

    operations = sum(len(item.keys() & METHODS) for item in json.loads(document.read_text())["paths"].values())
    assert f"{operations} selected / {operations} total" in found
    assert " passed" in found
