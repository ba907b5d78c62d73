"""What a test needs on file before it begins, recorded through the API without opening a page."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.browser.desk_actions import a_new_name
from tests.browser.records import Records


@dataclass(frozen=True)
class PatientOnFile:
    """The number of a patient, and the address of the page."""

    number: str
    url: str


def put_on_file(page: Page, records: Records, family_name: str = "", **fields: str) -> PatientOnFile:
    """Register a patient whose given name is Vera."""
    names = {"given_name": "Vera", "family_name": family_name or a_new_name()}
    patient = _post(page, records, "patients", names | fields)
    return PatientOnFile(patient["mrn"], f"/patients/{patient['id']}")


def open_a_new_invoice(page: Page, records: Records) -> None:
    """Issue an invoice of 45 euros to a new patient, and open its page."""
    patient = put_on_file(page, records).url.rpartition("/")[2]
    line = {"description": "Consultation", "quantity": "1", "unit_price": {"amount": "45.00", "currency": "EUR"}}
    invoice = _post(page, records, "invoices", {"patient_id": patient, "lines": [line]})["id"]
    _post(page, records, f"invoices/{invoice}/issue", {})
    page.goto(f"/invoices/{invoice}")


def _post(page: Page, records: Records, path: str, body: Any) -> Any:
    """Send a request with the key of the clinic; return the JSON of the response."""
    headers = {"Authorization": f"Bearer {records.secret}"}
    return page.request.post(f"/api/v1/{path}", data=body, headers=headers, fail_on_status_code=True).json()
