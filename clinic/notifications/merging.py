"""What follows when two records of a patient are merged: messages, none of which is written anew, and calls.

Links stay with the record to which their message was: those of a visit do nothing any more, messages can be stopped.
"""

from clinic.core.subject_merge import KeptRows, MergeFollower
from clinic.notifications.models import Call, Notification

MESSAGES = MergeFollower(Notification, "Messages", column="patient_id")

CALLS = MergeFollower(Call, column="patient_id")

LINKS = KeptRows(frozenset({"link_tokens"}))
