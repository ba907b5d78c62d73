"""What a channel is: a way to reach a patient, and how its messages are delivered."""

from collections.abc import Callable

from clinic.core.mail.message import Mail
from clinic.notifications.models import Notification
from clinic.patients.service import Patient

HandOver = Callable[[Mail], None]
"""Called with the content of a message just before it may be accepted; it raises if it is not to be sent any more."""


class Channel:
    """A way to reach patients.

    `name` is stored with each message, and is the channel to which patients consent. `label` stands alone ("Email"),
    `phrase` follows a kind of message ("by email"), `icon` is a symbol of icons.svg. Messages of a channel that is not
    `by_worker` are tasks for the desk: they wait until somebody records what became of them.
    """

    name: str
    label: str
    phrase: str
    icon: str
    by_worker = True

    def can_reach(self, patient: Patient) -> bool:
        """Return whether the patient's record has what this channel needs to reach them."""
        return self.address(patient) is not None

    def address(self, patient: Patient) -> str | None:
        """Return where a message to a patient goes, in one line, None if that is not on record."""
        raise NotImplementedError

    def deliver(self, message: Notification, hand_over: HandOver) -> str:
        """Deliver a claimed message and return what was answered.

        :raises NotToBeSent: if it is not to be sent any more
        :raises NotSent: if it was certainly not accepted
        :raises MaybeSent: if it is unknown whether it was accepted
        """
        raise NotImplementedError
