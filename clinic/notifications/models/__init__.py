"""Messages to patients with their links and attempts, calls to those not reached, and when messages are sent."""

from clinic.notifications.models.attempts import DEFERRED, MOST_ANSWERED, OUTCOMES, REFUSED, NotificationAttempt
from clinic.notifications.models.calls import CANT_COME, NO_ANSWER, RESULT_LABELS, RESULTS, WILL_COME, Call
from clinic.notifications.models.link_tokens import ANSWER, CALENDAR, PREFERENCES, LinkToken
from clinic.notifications.models.notifications import ANOTHER_CHANNEL, SENDING, SUPPRESSED, Notification
from clinic.notifications.models.settings import NotificationSettings, ServiceReminders
from clinic.notifications.models.templates import MessageKindSetting, MessageTemplate, TestMail

__all__ = [
    "ANOTHER_CHANNEL",
    "ANSWER",
    "CALENDAR",
    "CANT_COME",
    "DEFERRED",
    "MOST_ANSWERED",
    "NO_ANSWER",
    "OUTCOMES",
    "PREFERENCES",
    "REFUSED",
    "RESULTS",
    "RESULT_LABELS",
    "SENDING",
    "SUPPRESSED",
    "WILL_COME",
    "Call",
    "LinkToken",
    "MessageKindSetting",
    "MessageTemplate",
    "Notification",
    "NotificationAttempt",
    "NotificationSettings",
    "ServiceReminders",
    "TestMail",
]
