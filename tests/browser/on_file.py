"""What a test needs on file before it begins, recorded through the API without opening a page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Any

from playwright.sync_api import Page

from clinic.core.clock import at_wall_time
from tests.browser.desk_actions import a_new_name
from tests.browser.records import ZONE, Records

HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class PatientOnFile:
    """The number of a patient, and the address of the page."""

    number: str
    url: str

    @property
    def id(self) -> str:
        """The id of the record: the last part of the address."""
        return self.url.rpartition("/")[2]


def put_on_file(page: Page, records: Records, family_name: str = "", **fields: str) -> PatientOnFile:
    """Register a patient whose given name is Vera."""
    names = {"given_name": "Vera", "family_name": family_name or a_new_name()}
    patient = _post(page, records, "patients", names | fields)
    return PatientOnFile(patient["mrn"], f"/patients/{patient['id']}")


def open_a_new_invoice(page: Page, records: Records) -> None:
    """Issue an invoice of 45 euros to a new patient, and open its page."""
    patient = put_on_file(page, records).id
    line = {"description": "Consultation", "quantity": "1", "unit_price": {"amount": "45.00", "currency": "EUR"}}
    invoice = _post(page, records, "invoices", {"patient_id": patient, "lines": [line]})["id"]
    _post(page, records, f"invoices/{invoice}/issue", {})
    page.goto(f"/invoices/{invoice}")


def book_at(page: Page, records: Records, time: str) -> str:
    """Book a new patient with the first practitioner, at a time of the day that is filled; return the id."""
    starts_at = at_wall_time(datetime.combine(records.day, clock_time.fromisoformat(time)), ZONE)
    visit = {"practitioner_id": records.practitioner, "starts_at": starts_at.isoformat()}
    visit |= {"patient_id": put_on_file(page, records).id, "ends_at": (starts_at + HALF_AN_HOUR).isoformat()}
    appointment: str = _post(page, records, "appointments", visit)["id"]
    return appointment


def _post(page: Page, records: Records, path: str, body: Any) -> Any:
    """Send a request with the key of the clinic; return the JSON of the response."""
    headers = {"Authorization": f"Bearer {records.secret}"}
    return page.request.post(f"/api/v1/{path}", data=body, headers=headers, fail_on_status_code=True).json()
