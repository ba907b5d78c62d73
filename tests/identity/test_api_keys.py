"""API keys: shown once, kept as a hash; each opens what it is for, in its own clinic, until it ends."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine

from clinic.identity.api_keys import LabelTaken, api_key_service
from tests.assertions import masked, rows, spoken
from tests.builders import a_patient
from tests.concurrency import run_at_once
from tests.staff.people import browser_of


def ask(app, key, address="/api/v1/patients", **headers):
    """Ask the API with nothing but a key."""
    return app.test_client().get(address, headers={"Authorization": f"Bearer {key}", **headers})


def key_in(page):
    """Return the key that a page shows."""
    found = re.search(r"<code data-copied>(clk_[A-Za-z0-9_-]{43})</code>", page)
    return found[1] if found else None


@pytest.fixture
def made(client):
    """Make a key on the page: `made("Laboratory", "patients:read")` returns it."""

    def make(label="Laboratory", *scopes):
        data = {"csrf_token": client.token(), "label": label, "scopes": list(scopes) or ["patients:read"]}
        return key_in(client.post("/api-keys", data=data).text)

    return make


def record_of(app, label="Laboratory"):
    return next(row for row in rows(app, "api_keys") if row["label"] == label)


@pytest.mark.slow
def test_a_key_is_shown_once_and_kept_as_a_hash(app, client, made):
    key = made()

    assert ask(app, key).status_code == 200
    assert key not in client.get("/api-keys").text
    record = record_of(app)
    assert record["beginning"] == key[:12]
    assert [name for name, value in record.items() if key[12:] in str(value)] == []
    assert [row for row in rows(app, "audit_entries") if key[12:] in str(row)] == []


def test_sending_the_form_once_more_makes_no_second_key(app, client, made):
    made()

    again = client.submit("/api-keys", label="Laboratory", scopes="patients:read")

    assert again.status_code == 422
    assert "There is a key of that name" in again.text
    assert [row["label"] for row in rows(app, "api_keys")].count("Laboratory") == 1


@pytest.mark.slow
def test_the_same_key_made_at_once_is_made_once(app, clinic):
    outcomes = run_at_once(
        app, clinic.id, 4, lambda _: api_key_service.create(label="Laboratory", scopes=["patients:read"])
    )

    assert [type(outcome) for outcome in outcomes if outcome] == [LabelTaken] * 3
    assert len(rows(app, "api_keys")) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scopes": ["patients:read", "everything"]}, "Choose among: all, patients:read"),
        ({"expires_on": "2020-01-01"}, "Choose a day in the future"),
    ],
)
def test_a_key_that_can_not_be_is_asked_again(app, client, fields, words):
    data = {"csrf_token": client.token(), "label": "Laboratory", "scopes": ["patients:read"]} | fields

    answer = client.post("/api-keys", data=data)

    assert answer.status_code == 422
    assert words in spoken(answer.text)
    assert len(rows(app, "api_keys")) == 1


@pytest.mark.row(56)
def test_the_form_takes_no_field_that_it_does_not_show(app, client):
    answer = client.submit("/api-keys", label="Laboratory", scopes="patients:read", clinic_id="1")

    assert answer.status_code == 422
    assert len(rows(app, "api_keys")) == 1


def test_a_key_opens_what_its_scopes_allow_and_nothing_else(app, made):
    key = made("Laboratory", "patients:read")

    refused = ask(app, key, "/api/v1/appointments")

    assert ask(app, key).status_code == 200
    assert refused.status_code == 403
    assert "This needs the permission appointments:read" in refused.text
    assert refused.get_json()["scope"] == "appointments:read"


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("name", ["access_token", "key", "api_key", "token"])
def test_a_key_in_the_address_opens_nothing(app, made, name):
    key = made()

    assert app.test_client().get("/api/v1/patients", query_string={name: key}).status_code == 401


@pytest.mark.slow
def test_a_key_to_everything_opens_everything(app, made):
    key = made("Website", "all", "patients:read")

    assert record_of(app, "Website")["scopes"] == ["all"]
    assert {ask(app, key, f"/api/v1/{what}").status_code for what in ("patients", "appointments", "clinic")} == {200}


def test_a_key_opens_nothing_once_it_is_revoked(app, client, made):
    key = made()
    address = f"/api-keys/{record_of(app)['id']}/revocation"

    asked = client.get(address)
    still = ask(app, key).status_code
    answer = client.submit(address)

    assert "Revoke key “Laboratory”?" in spoken(asked.text)
    assert (still, answer.status_code, ask(app, key).status_code) == (200, 303, 401)
    page = client.get("/api-keys").text
    assert "Revoked" in page
    assert "The key “Laboratory” is revoked" in page


def test_a_revoked_key_stays_revoked_since_then(app, client, made):
    made()
    address = f"/api-keys/{record_of(app)['id']}/revocation"
    client.submit(address)
    since = record_of(app)["revoked_at"]

    client.submit(address)

    assert record_of(app)["revoked_at"] == since


@pytest.mark.slow
def test_a_new_key_may_have_the_name_of_a_revoked_one(app, client, made):
    made()
    client.submit(f"/api-keys/{record_of(app)['id']}/revocation")

    assert ask(app, made()).status_code == 200


def test_a_key_opens_until_its_last_day_is_over_on_the_clinics_clocks(app, client, clinic):
    with time_machine.travel(datetime(2027, 6, 29, 12, tzinfo=UTC), tick=False):
        client.become(rows(app, "staff_members")[0]["id"], clinic.id)
        data = {"csrf_token": client.token(), "label": "Laboratory", "scopes": "patients:read"}
        key = key_in(client.post("/api-keys", data=data | {"expires_on": "2027-06-30"}).text)
        assert "until Wed 30 Jun 2027" in spoken(client.get("/api-keys").text)
    midnight = datetime(2027, 6, 30, 23, tzinfo=UTC)  # in Lisbon

    with time_machine.travel(midnight - timedelta(seconds=1), tick=False):
        assert ask(app, key).status_code == 200
    with time_machine.travel(midnight, tick=False):
        assert ask(app, key).status_code == 401


@pytest.mark.slow
def test_when_a_key_was_used_last_is_noted_at_most_once_a_minute(app, made):
    key = made()

    with time_machine.travel(datetime(2027, 6, 1, 12, tzinfo=UTC), tick=False) as clock:
        seen = []
        for seconds in (0, 59, 1):
            clock.shift(seconds)
            ask(app, key)
            seen.append(record_of(app)["last_used_at"].minute)

    assert seen == [0, 0, 1]


@pytest.mark.breadth
@pytest.mark.parametrize(
    "key", ["", "clk_", "clk_" + "x" * 43, "clk_" + "x" * 5000, "x" * 47, "clk_" + "é" * 20, "a b"]
)
def test_what_is_no_key_opens_nothing(app, clinic, key):
    answer = ask(app, key.encode().decode("latin-1"))

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Basic", "Token", "Key"])
def test_a_key_opens_only_as_a_bearer(app, made, kind):
    answer = app.test_client().get("/api/v1/patients", headers={"Authorization": f"{kind} {made()}"})

    assert answer.status_code == 401


@pytest.mark.slow
def test_a_cookie_opens_nothing_of_the_api(app, client):
    client.key = None

    answers = [client.get("/api/v1/patients"), client.get("/api/v1/clinic"), client.post("/api/v1/patients", json={})]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert client.get("/patients").status_code == 200


@pytest.mark.slow
def test_a_key_opens_no_page(app, made):
    answer = ask(app, made("Website", "all"), "/patients")

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login")


def test_a_key_sees_its_own_clinic_only(app, here, other_clinic, made):
    with here(other_clinic.id):
        foreign = a_patient(family_name="Fremd", email=None).id
    key = made()

    listed, asked, missing = ask(app, key), *(ask(app, key, f"/api/v1/patients/{one}") for one in (foreign, uuid4()))

    assert "Fremd" not in listed.text
    assert (asked.status_code, missing.status_code) == (404, 404)
    assert masked(asked) == masked(missing)


def test_another_clinics_key_is_as_missing_as_none(app, here, other_clinic, client):
    with here(other_clinic.id):
        foreign, _ = api_key_service.create(label="Foreign", scopes=["all"])
        foreign_id = foreign.id

    views = [client.get(f"/api-keys/{one}/revocation") for one in (foreign_id, uuid4())]
    posts = [client.submit(f"/api-keys/{one}/revocation") for one in (foreign_id, uuid4())]

    assert [answer.status_code for answer in views + posts] == [404] * 4
    assert masked(views[0]) == masked(views[1])
    assert "Foreign" not in client.get("/api-keys").text
    assert record_of(app, "Foreign")["revoked_at"] is None


@pytest.mark.slow
def test_two_clinics_may_have_keys_of_one_name(here, other_clinic, made):
    made()

    with here(other_clinic.id):
        assert api_key_service.create(label="Laboratory", scopes=["all"])


@pytest.mark.row(34)
def test_nobody_makes_a_key_to_what_is_denied_to_them(app, client, hired):
    second = hired("administrator", "second@example.org")
    client.submit(second.page, name="Second", role="administrator", version=1, denied="patients:contact")
    theirs = browser_of(app, second)

    refused = [theirs.submit("/api-keys", label="Mine", scopes=scope) for scope in ("all", "patients:contact")]

    assert [answer.status_code for answer in refused] == [422, 422]
    assert "You can't grant permissions that you do not have: View contact details" in spoken(refused[0].text)
    assert key_in(theirs.submit("/api-keys", label="Mine", scopes="patients:read").text)


@pytest.mark.breadth
@pytest.mark.parametrize("role", ["manager", "receptionist", "practitioner", "billing-clerk", "read-only"])
def test_only_administrators_have_to_do_with_keys(app, client, hired, role):
    theirs = browser_of(app, hired(role))

    assert theirs.get("/api-keys").status_code == 403
    assert theirs.submit("/api-keys", label="Mine", scopes="all").status_code == 403
