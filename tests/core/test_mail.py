"""Mail: the headers and parts of a message, and the outcome of sending it."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import time_machine

from clinic.core.ids import new_id
from clinic.core.mail.errors import MaybeSent, NotSent
from clinic.core.mail.headers import UnsafeHeader
from clinic.core.mail.message import ComposedMail, Mail, compose
from clinic.core.mail.senders import FolderSender, configured_sender, open_sender
from clinic.core.mail.smtp_sender import SmtpSender
from tests.smtp_server import free_port


@pytest.fixture(autouse=True)
def outside(app):
    """An application without a current clinic."""
    with app.app_context():
        yield


@pytest.fixture
def outbox(tmp_path) -> FolderSender:
    return FolderSender(tmp_path / "outbox")


def a_mail(name="Amara Okafor", email="amara@example.org", **fields) -> ComposedMail:
    content = {"id": new_id(), "sender_name": "Harbour Clinic", "subject": "A subject", "text": "A text.\n"}
    return compose(Mail(recipient_name=name, recipient_email=email, **{**content, **fields}))


def read(mail: ComposedMail) -> EmailMessage:
    """Return a mail as its recipient's program finds it."""
    message = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def send(mail: ComposedMail, hand_over: Callable[[], None]) -> str:
    """Send a mail with the configured sender."""
    with open_sender() as sender:
        return sender.send(mail, hand_over)


def ignore() -> None:
    """Ignore the hand-over."""


def test_a_mail_has_sender_recipient_date_and_is_marked_as_automatic(app, monkeypatch):
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://clinic.example.org:8443/desk")
    number = new_id()

    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False):
        message = read(a_mail(id=number))

    assert str(message["From"]) == "Harbour Clinic <clinic@localhost>"
    assert str(message["To"]) == "Amara Okafor <amara@example.org>"
    assert message["Date"] == "Mon, 02 Mar 2026 12:00:00 +0000"
    assert message["Message-ID"] == f"<{number}@clinic.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] is None


def test_a_mail_of_text_alone_has_one_part():
    message = read(a_mail(text="Olá Inês,\n\n6 < 7\n"))

    assert message.get_content_type() == "text/plain"
    assert message.get_content() == "Olá Inês,\r\n\r\n6 < 7\r\n"


def test_a_mail_has_its_html_beside_its_text():
    message = read(a_mail(html="<p>A text.</p>", language="en"))

    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Content-Language"] == "en"


@pytest.mark.breadth
@pytest.mark.row(49)
@pytest.mark.parametrize("broken", ["x\r\nBcc: thief@example.org", "x\nBcc: thief@example.org", "x\rBcc: y"])
@pytest.mark.parametrize("field", ["subject", "sender_name", "name", "email"])
def test_no_header_can_be_smuggled_into_a_mail(field, broken):
    with pytest.raises(UnsafeHeader):
        a_mail(**{field: broken})


@pytest.mark.row(49)
def test_a_name_that_looks_like_addresses_stays_a_name():
    message = read(a_mail(name='thief@example.org, "Amara" <other@example.org>'))

    [address] = message["To"].addresses
    assert address.addr_spec == "amara@example.org"
    assert address.display_name == 'thief@example.org, "Amara" <other@example.org>'


def test_what_the_server_took_is_delivered_to_whom_it_is_for(mailbox):
    handed_over = []

    send(a_mail(subject="Grüße"), lambda: handed_over.append(len(mailbox.messages)))

    assert handed_over == [0]
    assert mailbox.recipients == ["amara@example.org"]
    assert mailbox.only()["Subject"] == "Grüße"


@pytest.mark.row(92)
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("answer", "final"), [("451 Try again", False), ("550 Never", True)])
def test_a_refusal_is_final_or_temporary_by_its_code(mailbox, command, answer, final):
    mailbox.answers[command] = answer

    with pytest.raises(NotSent, match="the mail server answered") as refused:
        send(a_mail(), ignore)

    assert refused.value.final is final
    assert "amara" not in refused.value.reason


@pytest.mark.row(92)
def test_there_is_a_way_back_until_the_recipient_is_accepted(mailbox):
    mailbox.answers["RCPT"] = "550 Never"

    with pytest.raises(NotSent):
        send(a_mail(), lambda: pytest.fail("it was handed over"))


@pytest.mark.row(92)
def test_a_mail_whose_connection_broke_may_have_been_sent(mailbox):
    mailbox.hangs_up = True

    with pytest.raises(MaybeSent):
        send(a_mail(), ignore)


@pytest.mark.row(92)
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_is_away_is_worth_another_try(scheme):
    with pytest.raises(NotSent, match="can't be reached") as refused:
        SmtpSender(f"{scheme}://127.0.0.1:{free_port()}").send(a_mail(), ignore)

    assert not refused.value.final


@pytest.mark.row(92)
def test_a_server_without_encryption_gets_nothing_where_encryption_is_wanted(app, mailbox):
    with pytest.raises(NotSent):
        SmtpSender(app.config["SMTP_URL"] + "?starttls=1").send(a_mail(), ignore)

    assert mailbox.messages == []


def test_without_a_server_a_mail_becomes_a_whole_file(outbox):
    number = new_id()

    outbox.send(a_mail(id=number), ignore)

    [path] = outbox.folder.iterdir()
    assert path.name == f"{number}.eml"
    assert message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"] == "A subject"


@pytest.mark.row(93)
def test_a_mail_that_became_a_file_is_readable_by_its_owner_only(outbox):
    folder = outbox.folder / "new"
    FolderSender(folder).send(a_mail(), ignore)

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]

    assert modes == [0o700, 0o600]


def test_a_mail_that_is_taken_back_at_the_last_moment_leaves_no_file(outbox):
    def change_the_mind() -> None:
        raise NotSent("not any more")

    with pytest.raises(NotSent):
        outbox.send(a_mail(), change_the_mind)

    assert not outbox.folder.exists()


def test_mail_goes_into_the_folder_of_the_installation_unless_a_server_is_set_up(app):
    sender = configured_sender()

    assert isinstance(sender, FolderSender)
    assert sender.folder == Path(app.instance_path) / "outbox"
