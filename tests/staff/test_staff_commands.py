"""`flask staff …` and `flask api-keys …`, as operators know them."""

import json
import re

import pytest

from clinic.identity.passwords import verify_password
from tests.assertions import row_counts, rows
from tests.builders import OWN, a_member
from tests.staff.people import browser_of, hire

SECRET = re.compile(r"[A-Za-z0-9]{5}(-[A-Za-z0-9]{5}){3}\n")

WRONG = [
    (["create-admin", "nonsense"], 2, "EMAIL: Enter an email address"),
    (["create-admin", "ana@example.org", "--name", "x" * 201], 2, "--name: Enter at most 200 characters"),
    (["create-admin", "ana@example.org", "--clinic", "Nowhere"], 3, "no clinic named Nowhere"),
    (["deactivate", "nobody@example.org"], 3, "There is no such staff member"),
    (["deactivate", "\udcff"], 3, "There is no such staff member"),
    (["reset-password", "nobody@example.org"], 3, "There is no such staff member"),
]
WRONG_KEYS = [
    (["--name", "Lab"], "Missing option '--scopes'"),
    (["--name", " ", "--scopes", "all"], "--name: Enter a name for the key"),
    (["--name", "Lab", "--scopes", "everything"], "--scopes: Choose among: all, patients:read"),
    (["--name", "Lab", "--scopes", "all", "--expires", "soon"], "--expires: Enter a date like"),
    (["--name", "Lab", "--scopes", "all", "--expires", "2020-01-01"], "--expires: Choose a day in the future"),
]


def member_of(app, email):
    return next(row for row in rows(app, "staff_members") if row["email"] == email)


@pytest.mark.row(10)
def test_the_first_administrator_gets_a_secret_that_must_be_changed_alone_on_stdout(app, run):
    result = run("staff", "create-admin", "ana@example.org", "--name", "Ana Costa")

    member, (place,) = member_of(app, "ana@example.org"), rows(app, "memberships")
    assert result.exit_code == 0
    assert SECRET.fullmatch(result.stdout)
    assert "within 72 hours" in result.stderr
    assert verify_password(member["password_hash"], result.stdout.strip())
    assert member["must_change_password"]
    assert (place["name"], place["role"]) == ("Ana Costa", "administrator")


@pytest.mark.row(10)
def test_the_secret_opens_nothing_but_the_choice_of_a_password(app, run, visitor):
    secret = run("staff", "create-admin", "ana@example.org").stdout.strip()
    token = re.search(r'name="csrf_token" value="([^"]*)"', visitor.get("/login").text)
    assert token

    answer = visitor.post("/login", data={"csrf_token": token[1], "email": "ana@example.org", "password": secret})

    assert answer.headers["Location"].startswith("/account/password")
    assert visitor.get("/staff").headers["Location"].startswith("/account/password")


def test_who_was_invited_and_has_no_password_gets_a_secret_too(app, run, client):
    client.submit("/staff/invite", email="ana@example.org", name="Ana", role="read-only")

    result = run("staff", "create-admin", "ana@example.org")

    assert SECRET.fullmatch(result.stdout)
    assert verify_password(member_of(app, "ana@example.org")["password_hash"], result.stdout.strip())


def test_who_has_an_account_becomes_administrator_without_a_secret(app, run, hired):
    clerk = hired("billing-clerk")

    result = run("staff", "create-admin", clerk.email.upper())

    assert (result.exit_code, result.stdout) == (0, "")
    assert "signs in as before" in result.stderr
    (place,) = rows(app, "memberships")
    assert (place["role"], place["name"]) == ("administrator", "Billing Clerk Person")


def test_whoever_was_denied_something_or_had_left_is_administrator_again_by_command(app, run, clinic, hired):
    with app.app_context():
        ana = a_member(clinic.id, email="ana@example.org", denied=["keys:write"]).id
    hired("administrator", "other@example.org")
    run("staff", "deactivate", "ana@example.org")
    [before] = [row for row in rows(app, "memberships") if row["member_id"] == ana]

    run("staff", "create-admin", "ana@example.org")

    [after] = [row for row in rows(app, "memberships") if row["member_id"] == ana]
    assert (before["active"], before["denied"]) == (False, ["keys:write"])
    assert (after["active"], after["denied"]) == (True, [])


@pytest.mark.slow
@pytest.mark.row(37)
def test_the_administrator_is_that_of_the_named_clinic_alone(app, run, other_clinic):
    run("staff", "create-admin", "ana@example.org", "--clinic", "Other Clinic")

    (place,) = rows(app, "memberships")
    assert place["clinic_id"] == other_clinic.id
    assert run("staff", "list").stdout == ""


@pytest.mark.slow
def test_what_can_not_be_is_reported_in_one_line_and_changes_nothing(app, run):
    before = row_counts(app)

    for args, code, words in WRONG:
        result = run("staff", *args)
        assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (code, "", 1), args
        assert words in result.stderr

    assert row_counts(app) == before


def test_the_list_shows_who_works_where_in_which_role(run, hired):
    hired("manager")

    (row,) = json.loads(run("staff", "list", "--json").stdout)

    assert (row["name"], row["email"], row["role"]) == ("Manager Person", "manager@example.org", "manager")
    assert (row["active"], row["denied"], row["last_seen_at"]) == (True, [], None)
    assert "password_hash" not in row


def test_the_last_administrator_stays(app, run, hired):
    boss = hired("administrator", "ana@example.org")

    result = run("staff", "deactivate", boss.email)

    assert result.exit_code == 5
    assert "needs an administrator" in result.stderr
    assert rows(app, "memberships")[0]["active"]


@pytest.mark.row(12)
def test_who_is_deactivated_is_out_at_once(app, run, desk):
    theirs = browser_of(app, desk)

    result = run("staff", "deactivate", desk.email.upper())

    assert (result.exit_code, result.stdout) == (0, "")
    assert theirs.get("/patients").status_code == 302


@pytest.mark.slow
def test_somebody_who_is_no_administrator_can_go_although_there_is_none(app, run, hired):
    desk = hired("receptionist")

    assert run("staff", "deactivate", desk.email).exit_code == 0


def test_a_reset_gives_a_secret_and_ends_all_sessions(app, run, desk):
    theirs = browser_of(app, desk)

    result = run("staff", "reset-password", desk.email)

    member = member_of(app, desk.email)
    assert SECRET.fullmatch(result.stdout)
    assert verify_password(member["password_hash"], result.stdout.strip())
    assert member["must_change_password"]
    assert theirs.get("/patients").status_code == 302


@pytest.mark.slow
@pytest.mark.parametrize(("option", "on"), [([], True), (["--end-second-step"], False)])
def test_the_second_step_stays_unless_it_is_lost_too(app, run, clinic, option, on):
    with app.app_context():
        a_member(clinic.id, email="ana@example.org", totp_on=True, totp_secret="JBSWY3DPEHPK3PXP")

    run("staff", "reset-password", "ana@example.org", *option)

    assert bool(member_of(app, "ana@example.org")["totp_on"]) is on


@pytest.mark.row(37)
def test_where_there_are_several_clinics_a_command_is_told_in_which_it_acts(app, run, other_clinic):
    result = run("staff", "create-admin", "ana@example.org")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--clinic: There are several clinics here: say which one" in result.stderr
    assert rows(app, "staff_members") == []


def test_a_person_of_another_clinic_is_nobody_here(app, run, other_clinic):
    foreign = hire(app, other_clinic.id, "receptionist")

    codes = [run("staff", act, foreign.email, "--clinic", OWN).exit_code for act in ("deactivate", "reset-password")]

    assert codes == [3, 3]
    assert run("staff", "reset-password", foreign.email, "--clinic", "Other Clinic").exit_code == 0


@pytest.mark.parametrize("act", [["create-admin", "x@example.org"], ["reset-password", "receptionist@example.org"]])
def test_secrets_are_shown_to_operators_only_whoever_they_act_for(app, run, client, desk, act):
    before = row_counts(app)

    result = run("staff", *act, "--as", "admin@clinica-sao-joao.example")

    assert (result.exit_code, result.stdout) == (4, "")
    assert row_counts(app) == before


@pytest.mark.slow
def test_a_key_stands_alone_on_stdout(app, run):
    result = run("api-keys", "create", "--name", "Laboratory", "--scopes", "patients:read, appointments:read")

    assert result.exit_code == 0
    assert re.fullmatch(r"clk_[A-Za-z0-9_-]{43}\n", result.stdout)
    assert result.stdout.strip() not in result.stderr
    (record,) = rows(app, "api_keys")
    assert record["scopes"] == ["appointments:read", "patients:read"]
    bearer = {"Authorization": f"Bearer {result.stdout.strip()}"}
    assert app.test_client().get("/api/v1/patients", headers=bearer).status_code == 200
    assert app.test_client().get("/api/v1/invoices", headers=bearer).status_code == 403


def test_a_key_belongs_to_the_named_clinic_and_ends_after_its_day(app, run, other_clinic):
    run("api-keys", "create", "--name", "Lab", "--scopes", "all", "--expires", "2099-06-30", "--clinic", "Other Clinic")

    (record,) = rows(app, "api_keys")
    assert record["clinic_id"] == other_clinic.id
    assert record["expires_at"].isoformat() == "2099-06-30T23:00:00+00:00"


def test_a_key_that_can_not_be_is_refused(app, run):
    for args, words in WRONG_KEYS:
        result = run("api-keys", "create", *args)
        assert (result.exit_code, result.stdout) == (2, ""), args
        assert words in result.stderr

    assert rows(app, "api_keys") == []


def test_keys_are_listed_without_what_opens(run):
    key = run("api-keys", "create", "--name", "Lab", "--scopes", "all").stdout.strip()

    (row,) = json.loads(run("api-keys", "list", "--json").stdout)

    assert (row["label"], row["scopes"], row["beginning"]) == ("Lab", ["all"], key[:12])
    assert key[12:] not in json.dumps(row)
    assert "key_hash" not in row


@pytest.mark.parametrize("by", ["label", "id"])
def test_a_key_is_revoked_by_its_label_or_id(app, run, by):
    key = run("api-keys", "create", "--name", "Lab", "--scopes", "all").stdout.strip()
    (record,) = rows(app, "api_keys")

    result = run("api-keys", "revoke", record[by])

    bearer = {"Authorization": f"Bearer {key}"}
    assert (result.exit_code, result.stdout) == (0, "")
    assert app.test_client().get("/api/v1/patients", headers=bearer).status_code == 401
    assert run("api-keys", "revoke", "Lab").exit_code == 3


@pytest.mark.slow
def test_who_acts_for_somebody_does_what_they_may_with_keys(run, client, desk):
    create = ["api-keys", "create", "--name", "Lab", "--scopes", "all", "--as"]

    assert run(*create, desk.email).exit_code == 4
    assert run(*create, "admin@clinica-sao-joao.example").exit_code == 0
