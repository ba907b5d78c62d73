"""Letters: the desk prints and posts them."""

from clinic.notifications.channels.base import Channel
from clinic.patients.service import Patient


class LetterChannel(Channel):
    """A letter that the desk prints."""

    name, label, phrase, icon, by_worker = "post", "Letter", "by letter", "file", False

    def address(self, patient: Patient) -> str | None:
        """Return the patient's postal address in one line."""
        return ", ".join(address_lines(patient)) or None


def address_lines(patient: Patient) -> list[str]:
    """Return the lines of a patient's postal address."""
    return [line.strip() for line in (patient.address or "").splitlines() if line.strip()]
