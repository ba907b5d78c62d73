"""Who works in the clinic: inviting, changing, ending access; an administrator is always left."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.members import LastAdministrator, member_service
from clinic.identity.models import StaffMember
from clinic.identity.operator_actions import operator_service
from clinic.identity.roles import permission_names
from clinic.identity.sessions import session_service
from tests.assertions import element, masked, row_counts, rows, spoken
from tests.concurrency import run_at_once
from tests.staff.people import as_now, browser_of


@pytest.fixture
def boss(app, here):
    """The administrator of `client`."""
    with here():
        return member_service.list()[0].membership.id


def member_form(version=1, **fields):
    return {"name": "Rosa Almeida", "role": "receptionist", "version": version} | fields


def test_the_list_shows_who_works_here_and_below_who_has_left(client, hired, here):
    left = hired("read-only")
    hired("manager")
    with here():
        member_service.deactivate(left.membership_id)

    page = spoken(client.get("/staff").text)

    assert "Administrator Person admin@clinica-sao-joao.example Administrator" in page
    assert "Manager Person manager@example.org Manager Not recently" in page
    assert page.index("Manager Person") < page.index("Deactivated") < page.index("Read Only Person")


@pytest.mark.slow
def test_an_invitation_makes_an_account_without_a_password_and_a_mail(app, client):
    answer = client.submit("/staff/invite", email="Rosa@Example.org", name="Rosa Almeida", role="receptionist")

    assert answer.status_code == 303
    member = next(row for row in rows(app, "staff_members") if row["email_key"] == "rosa@example.org")
    assert (member["email"], member["password_hash"]) == ("Rosa@example.org", None)
    assert [(row["kind"], row["member_id"]) for row in rows(app, "staff_letters")] == [("invitation", member["id"])]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("role", "owner", "Choose one of"),
        ("email", "admin@clinica-sao-joao.example", "There is already a staff member with this address"),
        ("email", "ADMIN@Clinica-Sao-Joao.example", "There is already a staff member with this address"),
    ],
)
def test_an_invitation_that_can_not_be_is_shown_again_with_what_was_typed(app, client, field, value, words):
    before = row_counts(app)
    given = {"email": "rosa@example.org", "name": "Rosa Almeida", "role": "receptionist"}

    answer = client.submit("/staff/invite", **(given | {field: value}))

    assert answer.status_code == 422
    assert words in spoken(answer.text)
    assert 'aria-invalid="true"' in element(answer.text, f"f-{field}")
    assert row_counts(app) == before


def test_everything_that_is_wrong_with_an_invitation_is_reported_at_once(client):
    page = spoken(client.submit("/staff/invite", email="nonsense", name=" ", role="manager").text)

    assert "Enter an email address like name@example.org Enter the name" in page


def test_who_has_left_is_let_in_again_from_the_list_not_invited(client, desk):
    client.submit(f"{desk.page}/deactivation")

    answer = client.submit("/staff/invite", email=desk.email, name="Rosa", role="manager")

    assert answer.status_code == 422
    assert "A former staff member has this address" in answer.text


@pytest.mark.slow
@pytest.mark.row(56)
@pytest.mark.parametrize("form", ["invitation", "member"])
def test_a_form_takes_no_field_that_it_does_not_show(app, client, desk, form):
    before = [rows(app, table) for table in ("staff_members", "memberships")]
    address, fields = (
        ("/staff/invite", {"email": "x@example.org"}) if form == "invitation" else (desk.page, {"version": 1})
    )

    answer = client.submit(address, name="Rosa", role="manager", clinic_id="1", **fields)

    assert answer.status_code == 422
    assert [rows(app, table) for table in ("staff_members", "memberships")] == before


@pytest.mark.slow
@pytest.mark.row(33)
def test_a_change_of_role_takes_effect_at_once_and_ends_the_sessions_here(app, client, desk):
    theirs = browser_of(app, desk)
    before = theirs.get("/patients").status_code

    answer = client.submit(desk.page, **member_form(role="billing-clerk"))

    assert (before, answer.status_code) == (200, 303)
    assert theirs.get("/patients").headers["Location"].startswith("/login")
    assert browser_of(app, desk).get("/appointments/new").status_code == 403
    assert browser_of(app, desk).get("/invoices/new").status_code == 200


@pytest.mark.row(33)
def test_a_session_that_outlived_a_change_of_role_has_the_new_permissions(app, client, desk, monkeypatch):
    theirs = browser_of(app, desk)
    monkeypatch.setattr(session_service, "end_all", lambda *_, **__: 0)

    client.submit(desk.page, **member_form(role="read-only"))

    assert theirs.get("/patients").status_code == 200
    assert theirs.get("/patients/new").status_code == 403


@pytest.mark.slow
def test_a_new_name_alone_signs_nobody_out(app, client, desk):
    theirs = browser_of(app, desk)

    client.submit(desk.page, **member_form(name="Rosa Maria Almeida"))

    assert theirs.get("/patients").status_code == 200
    assert as_now(app, desk).membership.name == "Rosa Maria Almeida"


@pytest.mark.row(34)
def test_what_is_denied_to_a_person_the_role_does_not_permit(app, client, desk):
    data = {"csrf_token": client.token(), **member_form(), "denied": ["patients:write", "payments:write"]}

    client.post(desk.page, data=data)
    theirs = browser_of(app, desk)

    assert as_now(app, desk).membership.denied == ["patients:write", "payments:write"]
    assert (theirs.get("/patients").status_code, theirs.get("/patients/new").status_code) == (200, 403)


@pytest.mark.slow
@pytest.mark.row(34)
def test_somebody_to_whom_everything_is_denied_sees_nothing(app, client, desk):
    client.post(desk.page, data={"csrf_token": client.token(), **member_form(), "denied": list(permission_names())})
    theirs = browser_of(app, desk)

    assert {theirs.get(address).status_code for address in ("/patients", "/appointments", "/staff", "/clinic")} == {403}


@pytest.mark.row(34)
def test_nobody_gives_what_is_denied_to_them(app, client, hired, desk):
    second = hired("administrator", "second@example.org")
    denied = {
        "csrf_token": client.token(),
        **member_form(name="Second", role="administrator"),
        "denied": ["keys:write"],
    }
    client.post(second.page, data=denied)
    theirs = browser_of(app, second)

    themselves = theirs.submit(second.page, **member_form(version=2, name="Second", role="administrator"))
    somebody = theirs.submit(desk.page, **member_form(role="administrator"))
    invited = theirs.submit("/staff/invite", email="third@example.org", name="Third", role="administrator")
    allowed = theirs.submit(desk.page, **member_form(role="manager"))

    assert (themselves.status_code, somebody.status_code, invited.status_code) == (422, 422, 422)
    assert "You can't grant permissions that you do not have: Create and revoke API keys" in spoken(themselves.text)
    assert as_now(app, second).membership.denied == ["keys:write"]
    assert allowed.status_code == 303


@pytest.mark.row(12)
def test_who_is_deactivated_is_out_at_the_next_request_on_pages_and_commands(app, client, desk, run):
    theirs = browser_of(app, desk)
    before = run("patients", "list", "--as", desk.email).exit_code

    answer = client.submit(f"{desk.page}/deactivation")

    assert (before, answer.status_code) == (0, 303)
    assert theirs.get("/patients").headers["Location"].startswith("/login")
    assert run("patients", "list", "--as", desk.email).exit_code == 3
    assert not as_now(app, desk).membership.active


@pytest.mark.slow
@pytest.mark.row(12)
def test_keys_are_the_clinics_and_outlive_who_made_them(app, client, hired):
    maker = hired("administrator", "maker@example.org")
    theirs = browser_of(app, maker)
    page = theirs.submit("/api-keys", label="Laboratory", scopes="patients:read").text
    client.submit(f"{maker.page}/deactivation")

    key = page.partition("clk_")[2].partition("<")[0]
    answer = app.test_client().get("/api/v1/patients", headers={"Authorization": f"Bearer clk_{key}"})

    assert answer.status_code == 200


def test_who_is_let_in_again_has_the_role_of_before(app, client, desk):
    client.submit(f"{desk.page}/deactivation")

    client.submit(f"{desk.page}/reactivation")

    assert as_now(app, desk).membership.active
    assert browser_of(app, desk).get("/patients").status_code == 200


@pytest.mark.slow
def test_it_is_shown_who_was_saved_who_has_left_and_who_is_back(client, desk):
    messages = []
    for act, fields in (("", member_form()), ("/deactivation", {}), ("/reactivation", {}), ("/password-link", {})):
        client.submit(f"{desk.page}{act}", **fields)
        messages += re.findall(r'<p class="toast message">([^<]*)', client.get("/staff").text)

    assert messages == [
        "Saved: Rosa Almeida",
        "Rosa Almeida is deactivated",
        "Rosa Almeida is reactivated",
        "A link to set a password is on its way to Rosa Almeida",
    ]


@pytest.mark.slow
def test_ending_access_is_confirmed_first_and_shows_what_it_means(app, client, desk):
    browser_of(app, desk)

    page = client.get(f"{desk.page}/deactivation")

    assert "Deactivate Receptionist Person?" in spoken(page.text)
    assert "Active sessions Another browser, 127.0.0.1" in spoken(page.text)
    assert "Appointments with them stay in the schedule" in page.text
    assert "API keys belong to the clinic and stay" in page.text
    assert '<a href="/api-keys">API keys</a>' in page.text
    assert as_now(app, desk).membership.active


@pytest.mark.row(19)
def test_an_administrator_ends_the_sessions_that_somebody_has_here(app, other_clinic, client, desk):
    theirs, elsewhere = browser_of(app, desk), app.test_client()
    also_there(app, desk, other_clinic)
    elsewhere.become(desk.member_id, other_clinic.id)

    answer = client.submit(f"{desk.page}/sessions-end")

    assert answer.status_code == 303
    assert theirs.get("/patients").status_code == 302
    assert elsewhere.get("/patients").status_code == 200
    assert "1 session ended" in client.get("/staff").text


def also_there(app, person, clinic):
    """Let somebody work in another clinic too."""
    with app.app_context(), clinic_scope(clinic.id):
        return member_service.invite(email=person.email, name="Known Elsewhere", role="manager").membership.id


def test_another_clinics_part_of_a_person_is_neither_seen_nor_changed(app, other_clinic, client, desk):
    there = also_there(app, desk, other_clinic)

    pages = [client.get(address).text for address in ("/staff", desk.page, f"{desk.page}/deactivation", "/staff/roles")]
    client.submit(desk.page, **member_form(name="Changed Here", role="read-only"))
    client.submit(f"{desk.page}/deactivation")

    assert not [page for page in pages if "Known Elsewhere" in page or other_clinic.name in page]
    (row,) = [row for row in rows(app, "memberships") if row["id"] == there]
    assert (row["name"], row["role"], row["active"]) == ("Known Elsewhere", "manager", True)


@pytest.mark.row(35)
def test_the_trail_of_an_invitation_does_not_reveal_an_account_elsewhere(client, other_clinic, hired):
    hired("manager", "known@example.org", other_clinic.id)

    trails = []
    for email in ("known@example.org", "fresh@example.org"):
        client.submit("/staff/invite", email=email, name="Somebody", role="read-only")
        export = client.get("/audit/export?action=created").text
        trails.append(sorted(line.split(",")[3] for line in export.splitlines() if ",created," in line))

    assert "staff_members" not in trails[1]
    assert trails[1].count("memberships") == trails[0].count("memberships") + 1
    assert set(trails[0]) == set(trails[1])


def test_that_somebody_invited_has_an_account_elsewhere_is_not_revealed(app, other_clinic, client, hired):
    known = hired("manager", "known@example.org", other_clinic.id)
    with app.app_context(), unit_of_work():
        db.session.get_one(StaffMember, known.member_id).totp_on = True

    answers = [
        client.submit("/staff/invite", email=email, name="Somebody", role="read-only")
        for email in (known.email, "fresh@example.org")
    ]
    client.get("/staff")
    shown = [spoken(client.get(answer.headers["Location"]).text) for answer in answers]

    assert shown[0].replace(known.email, "?") == shown[1].replace("fresh@example.org", "?")
    assert "Invited until" in shown[0]


@pytest.mark.slow
def test_an_invitation_is_sent_again_whether_or_not_somebody_has_an_account_elsewhere(app, other_clinic, client, hired):
    known = hired("manager", "known@example.org", other_clinic.id)
    invite = {"name": "Somebody", "role": "read-only"}
    pages = [
        client.submit("/staff/invite", email=email, **invite).location for email in (known.email, "fresh@example.org")
    ]

    answers = [client.submit(f"{page}/password-link") for page in pages]
    shown = [spoken(client.get(page).text) for page in pages]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [row["kind"] for row in rows(app, "staff_letters")] == ["invitation"] * 4
    assert "Another invitation to Somebody is on its way" in shown[0]
    assert "Send the invitation again" in shown[1]


@pytest.mark.slow
def test_an_invitation_is_shown_until_it_expires_and_until_its_person_comes(app, client, here, hired):
    manager = hired("manager")
    client.submit("/staff/invite", email="rosa@example.org", name="Rosa", role="read-only")
    fresh = client.get("/staff").text

    with time_machine.travel(datetime.now(UTC) + timedelta(days=8), tick=False):
        old = browser_of(app, manager).get("/staff").text
    with here():
        worker = member_service.get_by_email("rosa@example.org")
        session_service.start(worker.member.id, worker.membership.clinic_id, address="", agent="")

    assert "rosa@example.org" in fresh
    assert "Invited until" in spoken(fresh)
    assert "Invitation expired" in spoken(old)
    assert "Invit" not in spoken(client.get("/staff").text).replace("Invite", "", 1)


@pytest.mark.breadth
@pytest.mark.parametrize("act", ["", "/deactivation", "/reactivation", "/password-link", "/sessions-end"])
def test_a_member_of_another_clinic_is_as_missing_as_nobody(app, other_clinic, client, hired, act):
    foreign = hired("administrator", "foreign@example.org", other_clinic.id)
    before = rows(app, "memberships")

    answers = [client.submit(f"/staff/{one}{act}", **member_form()) for one in (foreign.membership_id, uuid4())]
    views = [client.get(f"/staff/{one}") for one in (foreign.membership_id, uuid4())]

    assert [answer.status_code for answer in answers + views] == [404] * 4
    assert masked(answers[0]) == masked(answers[1])
    assert masked(views[0]) == masked(views[1])
    assert rows(app, "memberships") == before


def test_a_link_to_set_a_password_is_sent_and_to_who_has_none_an_invitation(app, client, desk):
    client.submit(f"{desk.page}/password-link")
    invited = client.submit("/staff/invite", email="new@example.org", name="New", role="read-only").headers["Location"]
    client.submit(f"{invited}/password-link")

    assert [row["kind"] for row in rows(app, "staff_letters")] == ["reset", "invitation", "invitation"]


def test_no_link_is_sent_to_who_has_left(app, client, desk):
    client.submit(f"{desk.page}/deactivation")

    answer = client.submit(f"{desk.page}/password-link")

    assert answer.status_code == 409
    assert "reactivate them first" in answer.text
    assert rows(app, "staff_letters") == []


@pytest.mark.parametrize("by", ["another role", "a denial", "ending access"])
def test_the_last_administrator_stays(app, client, boss, by):
    fields = {"name": "Me", "version": 1, "role": "manager" if by == "another role" else "administrator"}
    denied = {"denied": "keys:write"} if by == "a denial" else {}
    act = "/deactivation" if by == "ending access" else ""

    answer = client.submit(f"/staff/{boss}{act}", **(fields | denied if not act else {}))

    assert answer.status_code == 409
    assert "needs an administrator with all permissions" in spoken(answer.text)
    assert client.get("/staff").status_code == 200
    (row,) = [row for row in rows(app, "memberships") if row["id"] == boss]
    assert (row["role"], row["denied"], row["active"]) == ("administrator", [], True)


@pytest.mark.slow
@pytest.mark.row(35)
@pytest.mark.parametrize("email", ["fresh@example.org", "known@example.org"])
def test_an_invited_administrator_does_not_count_before_they_have_been_here(client, boss, hired, other_clinic, email):
    hired("manager", "known@example.org", other_clinic.id)
    client.submit("/staff/invite", email=email, name="New", role="administrator")

    answer = client.submit(f"/staff/{boss}/deactivation")

    assert answer.status_code == 409


def test_the_last_administrator_is_offered_no_end_of_their_access(client, boss):
    pages = [spoken(client.get(address).text) for address in (f"/staff/{boss}", f"/staff/{boss}/deactivation")]

    assert "This person can’t be deactivated: the clinic has no other administrator" in pages[0]
    assert "can’t be deactivated" in pages[1]
    assert "The clinic has no other administrator who can sign in" in pages[1]
    assert not [page for page in pages if "Deactivate…" in page or "Deactivate Cancel" in page]


@pytest.mark.slow
def test_with_another_one_who_has_been_here_an_administrator_may_go(app, client, boss, hired):
    browser_of(app, hired("administrator", "second@example.org"))

    answer = client.submit(f"/staff/{boss}/deactivation")

    assert answer.status_code == 303
    assert client.get("/staff").headers["Location"].startswith("/login")


@pytest.mark.slow
@pytest.mark.parametrize("act", ["demote", "deactivate"])
def test_two_administrators_who_remove_each_other_at_once_leave_one(app, clinic, hired, act):
    people = [hired("administrator", f"{name}@example.org") for name in ("first", "second")]
    for person in people:
        browser_of(app, person)

    def remove(number):
        other = people[1 - number].membership_id
        if act == "demote":
            member_service.update(other, version=1, name="Other", role="manager")
        else:
            member_service.deactivate(other)

    outcomes = run_at_once(app, clinic.id, 2, remove)

    left = [row for row in rows(app, "memberships") if row["role"] == "administrator" and row["active"]]
    assert [type(outcome) for outcome in outcomes if outcome] == [LastAdministrator]
    assert len(left) == 1


def test_a_stale_form_is_answered_with_both_versions(app, client, desk):
    client.submit(desk.page, **member_form(name="Saved First"))

    answer = client.submit(desk.page, **member_form(name="Typed Second", role="manager"))

    assert answer.status_code == 409
    words = spoken(answer.text)
    assert "Administrator Person saved a change on" in words
    assert "Name Typed Second Saved First Role Manager Receptionist" in words
    assert "data-focus" in answer.text.partition("<h1")[2].partition(">")[0]
    assert 'name="version" value="2"' in answer.text
    assert as_now(app, desk).membership.name == "Saved First"


@pytest.mark.slow
def test_of_two_versions_of_a_person_each_field_is_chosen(app, client, desk):
    token = client.token()
    denials = {"csrf_token": token, **member_form(), "denied": ["patients:write", "payments:write"]}
    client.post(desk.page, data=denials)
    page = client.submit(desk.page, **member_form(name="Typed Second")).text

    theirs = 'name="denied" value="patients:write payments:write"'
    client.submit(
        desk.page, name="Typed Second", role="receptionist", version=2, denied="patients:write payments:write"
    )

    place = as_now(app, desk).membership
    assert theirs in page
    assert (place.name, place.denied) == ("Typed Second", ["patients:write", "payments:write"])


def test_without_write_permission_there_is_no_form(app, client, hired, desk):
    manager = browser_of(app, hired("manager"))

    page = manager.get(desk.page).text

    assert '<h2 id="may">Permissions</h2>' in page
    assert 'method="post" action="/staff' not in page
    assert "Invite somebody" not in manager.get("/staff").text
    assert manager.submit(desk.page, **member_form()).status_code == 403


@pytest.mark.parametrize(("role", "there"), [("administrator", True), ("manager", True), ("receptionist", False)])
def test_the_entry_of_staff_is_there_for_who_may_see_it(app, hired, role, there):
    theirs = browser_of(app, hired(role))

    page = theirs.get("/patients").text

    assert ('href="/staff"' in page) is there


@pytest.mark.slow
def test_the_own_account_is_not_marked_as_the_clinics_staff(client):
    assert 'aria-current="page">Staff' in client.get("/staff/roles").text
    assert 'aria-current="page">Staff' not in client.get("/account").text


def test_every_change_is_in_the_audit_trail_with_who_made_it(app, client, desk):
    client.submit(desk.page, **member_form(role="manager"))

    entries = [row for row in rows(app, "audit_entries") if row["record_id"] == desk.membership_id]

    assert entries[-1]["changes"]["role"] == ["receptionist", "manager"]
    assert entries[-1]["actor"].startswith("staff:")
    assert entries[-1]["clinic_id"] == desk.clinic_id


@pytest.mark.slow
def test_a_person_of_two_clinics_switches_between_them(app, other_clinic, desk):
    also_there(app, desk, other_clinic)
    theirs = browser_of(app, desk)
    before = theirs.token()

    answer = theirs.submit("/clinic/switch", clinic_id=str(other_clinic.id))
    there = theirs.get("/account").text
    in_another_window = theirs.post("/clinic/switch", data={"csrf_token": before, "clinic_id": str(desk.clinic_id)})

    assert answer.status_code == 303
    assert "You are now in Other Clinic" in there
    assert in_another_window.status_code == 303


@pytest.mark.slow
def test_an_administrator_whose_secret_was_not_used_does_not_count(app, client, boss, hired):
    second = hired("administrator", "second@example.org")
    browser_of(app, second)
    with app.app_context(), clinic_scope(second.clinic_id):
        operator_service.reset_password(second.email)

    assert client.submit(f"/staff/{boss}/deactivation").status_code == 409


@pytest.mark.slow
def test_nobody_switches_to_a_clinic_where_they_do_not_work(other_clinic, client):
    ids = ("", "nonsense", "00000000-0000-0000-0000-000000000000", str(other_clinic.id))

    answers = [client.submit("/clinic/switch", clinic_id=one).status_code for one in ids]

    assert answers == [404] * 4
    assert "Other Clinic" not in client.get("/account").text
