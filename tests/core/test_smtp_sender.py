"""The connection to a mail server: kept for the next mail, ended after some, replaced when it broke."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

import pytest
from flask import Flask

from clinic.core.ids import new_id
from clinic.core.mail import smtp_sender
from clinic.core.mail.errors import MaybeSent, NotSent
from clinic.core.mail.message import ComposedMail, Mail, compose
from clinic.core.mail.senders import open_sender
from clinic.core.mail.smtp_sender import SmtpSender
from tests.smtp_server import Mailbox


@pytest.fixture(autouse=True)
def outside(app: Flask) -> Iterator[None]:
    """An application without a current clinic."""
    with app.app_context():
        yield


@pytest.fixture
def sender(app: Flask, mailbox: Mailbox) -> Iterator[SmtpSender]:
    """A sender to the mail server, closed in the end."""
    sender = SmtpSender(app.config["SMTP_URL"])
    yield sender
    sender.close()


def a_mail(text: str = "A text.\n") -> ComposedMail:
    """Return a composed mail."""
    return compose(Mail(new_id(), "Amara", "amara@example.org", "Clinic", subject="A subject", text=text))


def ignore() -> None:
    """Ignore the hand-over."""


def refuse() -> None:
    """Take the mail back at the hand-over."""
    raise NotSent("not any more")


def test_several_mails_go_over_one_connection(sender: SmtpSender, mailbox: Mailbox) -> None:
    for _ in range(3):
        sender.send(a_mail(), ignore)

    assert (len(mailbox.messages), mailbox.connections) == (3, 1)


def test_a_connection_is_ended_after_some_mails(
    sender: SmtpSender, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_sender, "MOST_PER_CONNECTION", 2)

    for _ in range(5):
        sender.send(a_mail(), ignore)

    assert (len(mailbox.messages), mailbox.connections) == (5, 3)


def test_a_mail_that_is_taken_back_leaves_nothing_to_the_next_one(sender: SmtpSender, mailbox: Mailbox) -> None:
    with pytest.raises(NotSent, match="not any more"):
        sender.send(a_mail(), refuse)

    sender.send(a_mail(), ignore)

    assert (mailbox.recipients, mailbox.connections) == (["amara@example.org"], 1)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_refused_mail_leaves_the_connection_to_the_next_one(
    sender: SmtpSender, mailbox: Mailbox, command: str
) -> None:
    mailbox.answers[command] = "550 Never"
    with pytest.raises(NotSent, match="550"):
        sender.send(a_mail(), ignore)
    mailbox.answers.clear()

    sender.send(a_mail(), ignore)

    assert (len(mailbox.messages), mailbox.connections) == (1, 1)


def test_a_kept_connection_that_has_ended_is_replaced(sender: SmtpSender, mailbox: Mailbox) -> None:
    sender.send(a_mail(), ignore)
    assert sender._server
    assert sender._server.sock
    sender._server.sock.shutdown(socket.SHUT_RDWR)

    sender.send(a_mail(), ignore)

    assert (len(mailbox.messages), mailbox.connections) == (2, 2)


def test_a_server_that_accepts_no_more_over_a_connection_gets_the_next_mail_over_another(
    sender: SmtpSender, mailbox: Mailbox
) -> None:
    mailbox.most_per_connection = 2

    for _ in range(5):
        sender.send(a_mail(), ignore)

    assert (len(mailbox.messages), mailbox.connections) == (5, 3)


def test_a_connection_that_broke_with_a_mail_is_not_used_for_the_next_one(sender: SmtpSender, mailbox: Mailbox) -> None:
    mailbox.hangs_up = True
    with pytest.raises(MaybeSent):
        sender.send(a_mail(), ignore)
    mailbox.hangs_up = False

    sender.send(a_mail(), ignore)

    assert mailbox.connections == 2


def test_lines_that_begin_with_a_dot_arrive_as_they_are(sender: SmtpSender, mailbox: Mailbox) -> None:
    sender.send(a_mail(".\n..two\n.three\n"), ignore)

    assert mailbox.only().get_content().split() == [".", "..two", ".three"]


def test_a_sender_is_shared_inside_a_block_and_closed_at_its_end(mailbox: Mailbox) -> None:
    with open_sender() as outer:
        for _ in range(2):
            with open_sender() as inner:
                inner.send(a_mail(), ignore)

        assert inner is outer
        assert mailbox.connections == 1
    with open_sender() as another:
        another.send(a_mail(), ignore)

    assert mailbox.connections == 2


@pytest.mark.parametrize(("answers", "error"), [([b"421 Closing"], NotSent), ([b"354 Go", b"what?"], MaybeSent)])
def test_until_the_content_was_asked_for_it_was_certainly_not_accepted(
    answers: list[bytes], error: type[Exception]
) -> None:
    with _scripted_server(b"220 Hello", b"250 EHLO", b"250 MAIL", b"250 RCPT", *answers) as url:
        sender = SmtpSender(url)
        with pytest.raises(error):
            sender.send(a_mail(), ignore)
        sender.close()


@pytest.mark.parametrize("said", [4, 5])
def test_a_server_that_hangs_up_leaves_a_mail_unclear_only_once_it_had_asked_for_it(said: int) -> None:
    answers = (b"220 Hello", b"250 EHLO", b"250 MAIL", b"250 RCPT", b"354 Go")[:said]
    with _scripted_server(*answers) as url, pytest.raises(NotSent if said == 4 else MaybeSent):
        SmtpSender(url).send(a_mail(), ignore)


@contextmanager
def _scripted_server(*answers: bytes) -> Iterator[str]:
    """Run a mail server that gives some answers, whatever it is told, and hangs up; return its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=_answer, args=(listening, answers))
        thread.start()
        yield f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def _answer(listening: socket.socket, answers: Sequence[bytes]) -> None:
    connection, _address = listening.accept()
    with connection, connection.makefile("rb") as lines:
        for answer in answers:
            connection.sendall(answer + b"\r\n")
            end = b".\r\n" if answer.startswith(b"354") else b""
            while (line := lines.readline()) and end not in {b"", line}:
                pass
