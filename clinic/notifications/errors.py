"""Errors of messages to patients."""

from clinic.core.errors import Conflict, NotFound


class NotificationNotFound(NotFound):
    """The current clinic has no such message."""

    def __init__(self) -> None:
        super().__init__("There is no such message")


class NotRetryable(Conflict):
    """Only a message that failed, or may have been sent, is sent again."""

    code = "not-retryable"

    def __init__(self, state: str) -> None:
        super().__init__(f"This message is {state}: it can't be sent again")


class NotUnclear(Conflict):
    """Only of a message that may have been sent it can be recorded that it arrived."""

    code = "not-unclear"

    def __init__(self, state: str) -> None:
        super().__init__(f"This message is {state}: only of one that may have been sent it is recorded that it arrived")


class NotWaiting(Conflict):
    """Only a message that waits can be held back, printed, or sent in another way."""

    code = "not-waiting"

    def __init__(self, state: str) -> None:
        super().__init__(f"This message is {state}: it does not wait any more")


class ChannelRefused(Conflict):
    """A message can't be sent by another channel: the patient did not agree to it, or can't be reached by it."""

    code = "channel-refused"


class NotACall(NotFound):
    """No call is to be made for this appointment."""

    def __init__(self) -> None:
        super().__init__("Nobody has to be called about this appointment")
