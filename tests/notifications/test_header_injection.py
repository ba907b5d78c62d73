"""Names that were stored before encoded words were refused put no header and no text into any mail."""

from base64 import b64encode
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import update

from clinic.core.db import Base, db
from clinic.core.jobs import run_due_jobs
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.mail_queue import staff_mail_queue
from tests.assertions import rows
from tests.builders import a_member, a_patient

pytestmark = pytest.mark.usefixtures("inside")

INJECTION = b"\r\nReply-To: x@example.org\r\n\r\nPay here"
FORGED = {
    "q": "=?utf-8?q?=0d=0aReply-To:_x@example.org=0d=0a=0d=0aPay_here?=",
    "b": f"=?utf-8?b?{b64encode(INJECTION).decode()}?=",
}
LONG = "Harbour Clinic, Centre for Family Medicine, Physiotherapy and Rehabilitation, Lda"
PLACES = {
    "a patient's name": ("patients", "given_name", "notifications"),
    "a clinic's name in a message": ("clinics", "name", "notifications"),
    "a clinic's name in staff mail": ("clinics", "name", "staff_letters"),
    "a staff member's name": ("memberships", "name", "staff_letters"),
}


def store(table, column, value):
    """Change a column of every row of a table, past all validation."""
    with db.engine.begin() as connection:
        connection.execute(update(Base.metadata.tables[table]).values({column: value}))
    db.session.expire_all()


@pytest.fixture(params=["outbox", "SMTP", "SMTPUTF8"])
def sent(request, app, monkeypatch, tmp_path):
    """Return the mails that were sent, on each of the ways out."""
    if request.param == "outbox":
        monkeypatch.setattr(app, "instance_path", str(tmp_path))
        return lambda: [path.read_bytes() for path in Path(tmp_path, "outbox").glob("*")]
    mailbox = request.getfixturevalue("mailbox")
    return lambda: mailbox.raw


@pytest.fixture
def queue(clinic, sent, request):
    """Queue a mail to a patient or a staff member, whose address needs the way out that is tested."""
    email = "inês@example.org" if request.node.callspec.params["sent"] == "SMTPUTF8" else "ines@example.org"

    def queue_row_of(table):
        if table == "notifications":
            a_patient(email=email)
        else:
            member = a_member(clinic.id, email=email)
            with unit_of_work():
                staff_mail_queue.queue("reset", member_id=member.id, clinic_id=clinic.id)

    return queue_row_of


@pytest.mark.breadth
@pytest.mark.row(49)
@pytest.mark.parametrize("encoding", ["q", "b"])
@pytest.mark.parametrize("place", PLACES)
def test_a_mail_with_an_encoded_line_break_in_a_name_is_not_sent(app, sent, queue, place, encoding):
    table, column, mails = PLACES[place]
    queue(mails)
    store(table, column, FORGED[encoding])

    run_due_jobs()

    assert sent() == []
    assert [row["state"] for row in rows(app, mails)] == ["failed"]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.row(49)
@pytest.mark.parametrize("place", PLACES)
def test_a_harmless_encoded_word_in_a_name_is_text(sent, queue, place):
    table, column, mails = PLACES[place]
    queue(mails)
    store(table, column, "=?utf-8?q?hi?=")

    run_due_jobs()

    [raw] = sent()
    message = message_from_bytes(raw, policy=policy.default)
    names = {message[field].addresses[0].display_name for field in ("From", "To")}
    assert any("=?utf-8?q?hi?=" in name for name in names)


@pytest.mark.slow
@pytest.mark.breadth
def test_a_long_name_of_a_clinic_is_one_mailbox(sent, queue):
    queue("notifications")
    store("clinics", "name", LONG)

    run_due_jobs()

    [raw] = sent()
    [mailbox] = message_from_bytes(raw, policy=policy.default)["From"].addresses
    assert mailbox.display_name == LONG


def test_the_reason_shows_which_field_is_refused(app, mailbox):
    a_patient()
    store("patients", "given_name", FORGED["q"])

    run_due_jobs()

    assert rows(app, "notifications")[0]["reason"] == (
        "the To field of the mail would contain a line break, NUL or a malformed address"
    )
