"""A child is registered with a guardian, who gets the first message already, on pages, in JSON and by command."""

import json

import pytest

from clinic.notifications.mail_worker import send_due
from clinic.patients.service import consent_service, related_person_service
from tests.assertions import pointers, row_counts, rows, spoken
from tests.builders import a_member, a_patient, a_practitioner

CHILD = {"family_name": "Pereira", "given_name": "Tiago", "birth_date": "2018-09-09", "sex": "male"}
TYPED = {"given_name": "Tiago", "family_name": "Matos", "birth_date__year": "2018"}
RUI = {"guardian-name": "Rui Costa", "guardian-phone": "917 555 240", "guardian-email": "rui@example.org"}
TICKS = {"consent_shown": "1", "care": "email", "reminders": ["email", "sms"], "not_asked": "1"}
TIME = {"day": "2029-11-26", "time": "9:00", "minutes": "30", "overbook_reason": "Typed"}


@pytest.fixture
def mother(client, here):
    """A patient who may be a guardian."""
    with here():
        return a_patient(phone="+351912555014")


def stored(app):
    """Return the one related person, as far as it is filled in."""
    [row] = rows(app, "related_persons")
    names = ("other_id", "name", "phone", "email", "relationship", "is_guardian", "is_contact", "is_payer")
    return {name: row[name] for name in names if row[name]}


def recipients(app, here):
    with here():
        send_due()
    return {(row["state"], row["recipient"]) for row in rows(app, "notifications")}


def test_the_welcome_of_a_child_goes_to_the_guardian_of_the_form(app, client, here, mailbox):
    answer = client.submit("/patients/new", **TYPED, **RUI, **{"guardian-relationship": "uncle"})

    assert answer.status_code == 303
    assert stored(app) == {
        "name": "Rui Costa",
        "phone": "+351917555240",
        "email": "rui@example.org",
        "relationship": "uncle",
        "is_guardian": True,
    }
    assert recipients(app, here) == {("sent", "rui@example.org")}


@pytest.mark.parametrize("text", ["P-000001", "1", "inês per", "912 555 014", "ines@example.org"])
@pytest.mark.breadth
def test_the_guardian_is_any_patient_whom_a_search_finds(app, client, mother, text):
    client.submit("/patients/new", **TYPED, **{"guardian-other": text})

    assert stored(app) == {"other_id": mother.id, "is_guardian": True}


def test_of_several_patients_the_form_asks_which_and_keeps_what_was_typed(app, client, here, mother):
    with here():
        a_patient(given_name="Inês Maria", email=None)

    page = client.submit("/patients/new", **TYPED, **{"guardian-other": "Inês", "guardian-relationship": "mother"})

    assert page.status_code == 422
    assert "Several patients match, give a number" in page.text
    assert "P-000002 Pereira, Inês Maria" in page.text
    assert 'name="guardian-relationship" type="text" value="mother"' in page.text
    assert row_counts(app)["patients"] == 2


def test_every_error_is_shown_at_once_at_its_field(app, client):
    wrong = {"guardian-other": "Nobody", "guardian-email": "x", "guardian-phone": "12"}

    page = client.submit("/patients/new", birth_date__year="2999", email="y", **wrong)

    for field in ("family_name", "birth_date", "email", "guardian-other", "guardian-email", "guardian-phone"):
        assert f'href="#f-{field}"' in page.text
    assert "data-guardian open" in page.text
    assert row_counts(app)["patients"] == 0


def test_a_relationship_alone_names_nobody(client):
    page = client.submit("/patients/new", **TYPED, **{"guardian-relationship": "uncle"})

    assert "Enter another patient of the clinic, or a name" in page.text


def test_without_a_guardian_nothing_is_stored_of_one(app, client):
    client.submit("/patients/new", **TYPED, **{"guardian-other": " ", "guardian-name": "", "guardian-phone": ""})

    assert (row_counts(app)["patients"], row_counts(app)["related_persons"]) == (1, 0)


@pytest.mark.slow
def test_the_consent_of_a_child_is_that_of_the_guardian(app, client):
    client.submit("/patients/new", **TYPED, **RUI, **TICKS)

    [answer] = rows(app, "consent_answers")
    assert (answer["purpose"], answer["channel"], bool(answer["by_guardian"])) == ("reminders", "sms", True)
    url = f"/patients/{answer['patient_id']}"
    assert "given by the guardian" in spoken(client.get(url).text)
    assert "Asked at registration, by the guardian" in spoken(client.get(f"{url}/consent").text)


def test_a_channel_for_which_the_guardian_has_an_address_was_asked_about(app, client):
    client.submit("/patients/new", **TYPED, **RUI, **(TICKS | {"not_asked": ""}))

    asked = {(row["purpose"], row["channel"]) for row in rows(app, "consent_answers")}
    assert asked >= {("news", "email"), ("news", "sms"), ("reminders", "phone")}
    assert ("news", "post") not in asked


@pytest.mark.parametrize(("born", "named"), [("2018", False), ("1990", True)])
def test_without_a_guardian_or_once_of_age_a_patient_answers_alone(client, here, born, named):
    guardian = {"guardian": {"name": "Rui"}} if named else {}
    with here():
        patient = a_patient(birth_date=born, consent={("news", "email"): True}, **guardian)
        consent_service.record(patient.id, {("news", "sms"): True}, source="phone")

        answers = consent_service.get(patient.id).answers

    assert not any(one.by_guardian for one in answers)


def test_a_later_answer_and_its_undoing_know_who_gave_it(client, here):
    with here():
        child = a_patient(**CHILD)
        consent_service.record(child.id, {("news", "email"): True}, source="phone")
        related_person_service.create(child.id, name="Rui", roles=["guardian"])

        later = consent_service.record(child.id, {("news", "email"): False}, source="phone")
        undone = consent_service.undo(child.id)

    by_guardian = [[one.by_guardian for one in consent.answers if one.recorded_by] for consent in (later, undone)]
    assert by_guardian == [[True], [False]]


@pytest.mark.slow
def test_json_names_a_guardian(app, client, here, mother, mailbox):
    sent = CHILD | {"guardian": {"other_patient_id": str(mother.id), "relationship": "mother"}}

    answer = client.post("/api/v1/patients", json=sent)

    assert answer.status_code == 201
    assert "guardian" not in answer.json
    assert stored(app) == {"other_id": mother.id, "relationship": "mother", "is_guardian": True}
    assert ("sent", "ines@example.org") in recipients(app, here)


def test_json_errors_of_a_guardian_point_into_it(client):
    unknown = {"other_patient_id": "018f0000-0000-7000-8000-000000000000"}
    wrong = {"name": 7, "email": "x", "roles": ["payer"]}

    answers = [
        client.post("/api/v1/patients", json=CHILD | {"guardian": one}) for one in (unknown, wrong, {}, None, "Rui")
    ]

    assert [answer.status_code for answer in answers] == [422] * 5
    assert pointers(answers[0]) == ["#/guardian/other_patient_id"]
    assert {"#/guardian/name", "#/guardian/email", "#/guardian/roles"} <= set(pointers(answers[1]))


def test_a_guardian_is_named_only_at_the_registration(client, mother):
    headers = {"If-Match": '"1"'}

    answer = client.patch(f"/api/v1/patients/{mother.id}", json={"guardian": {"name": "Rui"}}, headers=headers)

    assert answer.status_code == 422


@pytest.mark.slow
def test_who_may_not_see_contact_details_names_a_guardian_without_any(app, client, clinic, here, mother):
    with here():
        member = a_member(clinic.id, "manager", email="denied@example.org", denied=["patients:contact"])
    client.become(member.id, clinic.id)

    page = client.get("/patients/new").text
    refused = client.submit("/patients/new", **TYPED, **RUI)
    client.submit("/patients/new", **TYPED, **{"guardian-other": "Inês"})

    assert [f"guardian-{name}" in page for name in ("other", "name", "phone", "email")] == [True, True, False, False]
    assert refused.status_code == 422
    assert stored(app) == {"other_id": mother.id, "is_guardian": True}


@pytest.mark.parametrize(
    "options",
    [["--guardian", "inês per"], ["--guardian-name", "Rui", "--guardian-email", "rui@example.org"]],
)
def test_a_command_names_a_guardian(app, run, mother, options):
    result = run("patients", "add", "--given-name", "Tiago", "--birth-date", "2018", *options, "--json")

    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["mrn"] == "P-000002"
    found = stored(app)
    assert found == {"is_guardian": True} | (
        {"other_id": mother.id} if options[0] == "--guardian" else {"name": "Rui", "email": "rui@example.org"}
    )


def test_a_command_with_an_unknown_guardian_registers_nobody(app, run, client):
    assert run("patients", "add", "--given-name", "Tiago", "--guardian", "Nobody").exit_code == 3
    assert run("patients", "add", "--given-name", "Tiago", "--guardian-email", "x").exit_code == 2
    assert row_counts(app)["patients"] == 0


@pytest.mark.slow
def test_a_child_is_registered_and_booked_with_a_guardian(app, client, here, mother, mailbox):
    with here():
        practitioner_id = a_practitioner().id
    new = {"registration-given_name": "Tiago", "registration-birth_date__year": "2018"}

    answer = client.submit(
        "/appointments/new",
        practitioner_id=practitioner_id,
        **TIME,
        **new,
        **TICKS,
        **{"guardian-other": "Inês", "guardian-relationship": "mother"},
    )

    assert answer.status_code == 303
    assert stored(app) == {"other_id": mother.id, "relationship": "mother", "is_guardian": True}
    assert bool(rows(app, "consent_answers")[0]["by_guardian"])
    assert recipients(app, here) == {("sent", "ines@example.org")}


@pytest.mark.slow
def test_a_booking_shows_what_is_wrong_with_the_guardian(app, client):
    new = {"registration-given_name": "Tiago", "guardian-other": "Nobody", "guardian-name": "Rui"}

    page = client.submit("/appointments/new", **TIME, **new)

    assert 'href="#f-guardian-other"' in page.text
    assert 'name="guardian-name" type="text" value="Rui"' in page.text
    assert row_counts(app)["patients"] == 0
