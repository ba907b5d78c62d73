"""Test mails: a staff member sends a text to the address of the own account; queued, and sent by a worker."""

from typing import Any

from clinic.core.db import db
from clinic.core.db.transaction import after_commit
from clinic.core.errors import ClinicError
from clinic.core.jobs import wake_worker
from clinic.core.mail.message import Mail
from clinic.core.mail.queue import FAILED, QUEUED, RETRY, MailQueue, NotToBeSent
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import current_account, find_colleague
from clinic.identity.clinics import clinic_service
from clinic.notifications.models import TestMail
from clinic.notifications.writing.html import as_html
from clinic.notifications.writing.languages import phrases_of
from clinic.notifications.writing.message_text import MessageText
from clinic.notifications.writing.plain_text import as_plain_text


class NoAccount(ClinicError):
    """A program, or an operator of the installation, has no address to which a test could go."""

    code = "no-account"

    def __init__(self) -> None:
        super().__init__("A test goes to the address of your account: act as a staff member")


class TestMailQueue(MailQueue[TestMail]):
    """The test mails of the current clinic; each is deleted when it is sent or given up, as it may name a patient."""

    __test__ = False

    def queue(self, message: MessageText) -> str:
        """Queue a written message to the current staff member; return the address.

        :raises NoAccount: if no staff member acts
        """
        account = current_account()
        if account is None:
            raise NoAccount
        subject = phrases_of(message.language)["test"].format_map({"subject": message.subject})
        content = {"subject": subject[:300], "text": as_plain_text(message), "html": as_html(message)}
        with unit_of_work():
            db.session.add(TestMail(member_id=account.id, language=message.language, **content))
            after_commit(wake_worker)
        return account.email

    def finish(self, row: TestMail, state: str, **values: Any) -> None:
        """Delete a claimed test that is not attempted again, in the open transaction.

        :raises LeaseLost: if another worker has claimed it
        """
        if state == QUEUED:
            super().finish(row, state, **values)
        else:
            db.session.delete(self.claimed(row))

    def record_suppressed(self, row: TestMail, reason: str) -> None:
        """Delete a test whose recipient has left the clinic."""
        with unit_of_work():
            db.session.delete(self.claimed(row))


test_mail_queue = TestMailQueue(
    TestMail,
    open_states=(QUEUED, "sending"),
    retry_state=QUEUED,
    failed_state=FAILED,
    leased_state="sending",
    due_at=TestMail.due_at,
    order=(TestMail.attempts, TestMail.id),
    retry=RETRY,
)


def write_test_mail(row: TestMail) -> Mail:
    """Return a claimed test as a mail.

    :raises NotToBeSent: if its recipient has left the clinic
    """
    found = find_colleague(row.member_id)
    if found is None:
        raise NotToBeSent("no recipient")
    account, name = found
    return Mail(
        row.id,
        recipient_name=name,
        recipient_email=account.email,
        sender_name=clinic_service.current().name,
        subject=row.subject,
        text=row.text,
        html=row.html,
        language=row.language,
    )
