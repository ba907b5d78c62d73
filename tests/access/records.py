"""What the own clinic has: a record for each argument of a route. A new kind of id needs one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select

from clinic.core.database import db
from clinic.core.tenancy import current_clinic_id
from clinic.notifications.service import Notification
from tests.billing.invoices import a_draft, an_invoice
from tests.builders import a_patient, a_practitioner, an_appointment


@dataclass(frozen=True)
class Argument:
    """How an argument of routes is filled: with a new record of one's own, with another clinic's row of a table."""

    own: Callable[[], UUID | str]
    table: str | None = None

    def missing(self) -> str:
        """Return what fits, but is nowhere."""
        return str(uuid4())


def a_message() -> UUID:
    """Let a message to a patient be queued."""
    found = db.session.scalar(select(Notification.id).where(Notification.patient_id == a_patient().id))
    assert found is not None
    return found


ARGUMENTS = {
    "patient_id": Argument(lambda: a_patient().id, "patients"),
    "practitioner_id": Argument(lambda: a_practitioner().id, "practitioners"),
    "appointment_id": Argument(lambda: an_appointment().id, "appointments"),
    "invoice_id": Argument(lambda: an_invoice().id, "invoices"),
    "notification_id": Argument(a_message, "notifications"),
    "clinic_id": Argument(current_clinic_id, "clinics"),
    "filename": Argument(lambda: "js/app.js"),
}
"""How each argument that stands in a route is filled; one without a table is of no clinic."""

IN_THE_STATE: dict[str, Callable[[], UUID]] = {
    "billing.issue": lambda: a_draft().id,
    "api_billing.issue": lambda: a_draft().id,
}
"""Routes that act only on records in a certain state: how their own one is made."""
