"""Phone: a task on the desk's list of patients to call."""

from clinic.notifications.channels.base import Channel
from clinic.patients.service import Patient


class PhoneChannel(Channel):
    """A call by the desk."""

    name, label, phrase, icon, by_worker = "phone", "Phone", "by phone", "phone", False

    def address(self, patient: Patient) -> str | None:
        """Return the patient's phone number."""
        return patient.phone
