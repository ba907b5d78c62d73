"""Actions on accounts are in the audit trail of the clinic with their actor."""

import pytest

from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.invitations import invitation_service
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.members import member_service
from clinic.identity.operator_actions import operator_service
from tests.assertions import rows, spoken
from tests.staff.login_helpers import EMAIL, OTHER_PASSWORD, PASSWORD, code_at, send, sign_in, with_app


@pytest.fixture
def account_entries(app, clinic):
    """Return the entries of accounts as (actor, action, fields); all of them are the clinic's."""

    def find():
        found = [row for row in rows(app, "audit_entries") if row["record"] == "staff_members"]
        found = [row for row in found if row["actor"] != "system"]
        assert {row["clinic_id"] for row in found} <= {clinic.id}
        return [(row["actor"], row["action"], sorted(row["changes"])) for row in found]

    return find


def test_new_recovery_codes_and_a_wrong_password_are_recorded(app, clinic, visitor, account_entries):
    person = with_app(app, clinic.id)
    sign_in(visitor)
    send(visitor, "/login/code", "/login/code", code=code_at())
    send(visitor, "/account/recovery-codes", "/account/recovery-codes", present_password="another one")
    send(visitor, "/account/recovery-codes", "/account/recovery-codes", present_password=PASSWORD)

    me = f"staff:{person}"
    assert account_entries() == [(me, "signed-in", []), (me, "password-refused", []), (me, "codes-renewed", [])]


@pytest.mark.slow
def test_a_first_sign_in_with_a_temporary_password_is_recorded(app, clinic, visitor, person, account_entries):
    with app.app_context(), clinic_scope(clinic.id):
        secret = operator_service.reset_password(EMAIL)
    before = len(account_entries())

    sign_in(visitor, EMAIL, secret)

    me = f"staff:{person}"
    assert account_entries()[before:] == [(me, "changed", ["password_expires_at"]), (me, "signed-in", [])]


@pytest.mark.slow
def test_a_password_set_by_a_link_is_recorded(app, clinic, visitor, person, account_entries):
    with app.app_context():
        with unit_of_work():
            staff_mail_queue.queue("reset", member_id=person, clinic_id=clinic.id)
        token = next(
            found for row in iter(staff_mail_queue.claim, None) if (found := staff_mail_queue.prepare(row).token)
        )

    send(visitor, f"/password/{token}", f"/password/{token}", new_password=OTHER_PASSWORD)

    assert account_entries() == [(f"staff:{person}", "changed", ["password_hash"])]


def test_sending_a_password_link_is_recorded(client, desk, account_entries):
    assert client.submit(f"{desk.page}/password-link").status_code == 303

    [(actor, action, fields)] = account_entries()
    assert (actor.startswith("staff:"), action, fields) == (True, "link-sent", [])
    assert "Sent a link to set a password" in spoken(client.get("/audit").text)


def test_sending_an_invitation_again_is_recorded(app, clinic, client, account_entries):
    client.submit("/staff/invite", email=EMAIL, name="Rita", role="read-only")
    with app.app_context(), clinic_scope(clinic.id):
        worker = member_service.get_by_email(EMAIL)
        invitation_service.send_again(worker)

    assert ("system", "link-sent") in [(row["actor"], row["action"]) for row in rows(app, "audit_entries")]
