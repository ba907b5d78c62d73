"""Appointments and practitioners as integrators see them."""

from uuid import uuid4

import pytest

from tests.assertions import masked, pointers, row_counts, rows, stored_events, words_about
from tests.builders import a_practitioner, an_appointment, appointment_fields, somebody

URL = "/api/v1/appointments"


@pytest.fixture
def fields(here):
    """What books a patient with a practitioner."""
    with here():
        return appointment_fields(somebody().id, a_practitioner().id)


@pytest.fixture
def booked(client, fields):
    """A booked appointment as JSON."""
    return client.post(URL, json=fields).json


@pytest.mark.slow
def test_booking_answers_201_with_the_appointment_its_address_and_version(client, fields):
    answer = client.post(URL, json=fields)

    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{URL}/{answer.json['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.json.items() >= (fields | {"status": "booked", "version": 1}).items()
    assert client.get(answer.headers["Location"]).json == answer.json


@pytest.mark.slow
def test_booking_and_cancelling_publish_exactly_their_ids(app, client, booked, published):
    client.post(f"{URL}/{booked['id']}/cancel", json={"reason": "patient"})

    assert published == [("appointment.cancelled", {"appointment_id": booked["id"]})]
    assert stored_events(app, "appointment.cancelled") == [{"appointment_id": booked["id"]}]
    assert stored_events(app, "appointment.scheduled") == [
        {"appointment_id": booked["id"], "patient_id": booked["patient_id"]}
    ]


@pytest.mark.slow
def test_a_time_of_any_offset_is_answered_in_utc(client, fields):
    answer = client.post(URL, json=fields | {"starts_at": "2029-11-26T09:00:00.250+01:00"})

    assert (answer.status_code, answer.json.get("starts_at")) == (201, "2029-11-26T08:00:00.250000Z")


@pytest.mark.slow
@pytest.mark.row(84)
def test_a_start_that_is_no_instant_is_refused(app, client, fields):
    before = row_counts(app)

    answer = client.post(URL, json=fields | {"starts_at": "2029-11-26T09:00:00"})

    assert (answer.status_code, pointers(answer)) == (422, ["#/starts_at"])
    assert words_about(answer, "#/starts_at").startswith("Enter a date and time")
    assert row_counts(app) == before


@pytest.mark.slow
def test_a_taken_time_is_a_conflict_that_names_what_is_there(app, client, here, fields, booked):
    with here():
        other = str(somebody().id)
    before = row_counts(app)

    answer = client.post(URL, json=fields | {"patient_id": other})

    assert answer.status_code == 409
    assert answer.json.items() >= {"code": "slot-taken", "conflicts": [booked["id"]], "status": 409}.items()
    assert row_counts(app) == before


@pytest.mark.slow
def test_a_busy_patient_is_a_conflict_that_names_what_is_there(client, here, fields, booked):
    with here():
        other = str(a_practitioner("Dr Brandt").id)

    answer = client.post(URL, json=fields | {"practitioner_id": other})

    assert answer.status_code == 409
    assert answer.json.items() >= {"code": "patient-busy", "conflicts": [booked["id"]]}.items()


@pytest.mark.slow
def test_appointments_may_touch(client, fields, booked):
    later = {"starts_at": fields["ends_at"], "ends_at": "2029-11-26T10:00:00Z"}

    assert client.post(URL, json=fields | later).status_code == 201


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("ends_at", ["2029-11-26T09:00:00Z", "2029-11-26T08:00:00Z", "2029-11-27T09:00:01Z"])
def test_an_impossible_length_is_refused(client, fields, ends_at):
    answer = client.post(URL, json=fields | {"ends_at": ends_at})

    assert (answer.status_code, pointers(answer)) == (422, ["#/ends_at"])


@pytest.mark.slow
@pytest.mark.row(29)
@pytest.mark.parametrize("field", ["patient_id", "practitioner_id"])
def test_somebody_of_another_clinic_is_refused_like_nobody(client, here, other_clinic, fields, field):
    with here(other_clinic.id):
        theirs = {
            "patient_id": str(somebody(family_name="Secret").id),
            "practitioner_id": str(a_practitioner("Dr Secret").id),
        }
    before = row_counts(client.application)

    foreign, missing = (client.post(URL, json=fields | {field: an_id}) for an_id in (theirs[field], str(uuid4())))

    assert (foreign.status_code, pointers(foreign)) == (422, [f"#/{field}"])
    assert masked(foreign) == masked(missing)
    assert row_counts(client.application) == before


def test_an_appointment_of_another_clinic_answers_like_none_at_all(client, here, other_clinic):
    with here(other_clinic.id):
        theirs = an_appointment().id

    for act in (lambda an_id: client.get(f"{URL}/{an_id}"), lambda an_id: client.post(f"{URL}/{an_id}/cancel")):
        foreign, missing = act(theirs), act(uuid4())
        assert foreign.status_code == missing.status_code == 404
        assert masked(foreign) == masked(missing)


@pytest.mark.row(32)
def test_a_field_that_nobody_may_set_is_refused(app, client, fields):
    before = row_counts(app)

    answer = client.post(URL, json=fields | {"lane": 1})

    assert (answer.status_code, pointers(answer)) == (422, ["#/lane"])
    assert row_counts(app) == before


def test_every_problem_is_told_at_once(client):
    answer = client.post(URL, json={"patient_id": "0", "ends_at": "x", "lane": 1})

    assert sorted(pointers(answer)) == ["#/ends_at", "#/lane", "#/patient_id", "#/practitioner_id", "#/starts_at"]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("body", [None, {}, {"reason": "patient", "note": "Has a cold"}])
def test_cancelling_takes_a_reason_or_nothing_at_all(client, booked, body):
    answer = client.post(f"{URL}/{booked['id']}/cancel", **({"json": body} if body is not None else {}))

    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert answer.json["status"] == "cancelled"
    assert answer.json["cancel_reason"] == (body or {}).get("reason", "other")


@pytest.mark.slow
def test_cancelling_twice_is_a_conflict(app, client, booked):
    client.post(f"{URL}/{booked['id']}/cancel")

    answer = client.post(f"{URL}/{booked['id']}/cancel")

    assert (answer.status_code, answer.json["code"]) == (409, "not-cancellable")
    assert len(stored_events(app, "appointment.cancelled")) == 1


@pytest.mark.slow
def test_cancelling_honours_if_match(client, booked):
    url = f"{URL}/{booked['id']}/cancel"

    assert client.post(url, headers={"If-Match": '"7"'}).status_code == 412
    assert client.get(f"{URL}/{booked['id']}").json["status"] == "booked"
    assert client.post(url, headers={"If-Match": '"1"'}).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("tags", ['"1", "2"', '"7", "1"'])
def test_cancelling_takes_any_of_several_versions(client, booked, tags):
    assert client.post(f"{URL}/{booked['id']}/cancel", headers={"If-Match": tags}).status_code == 200


@pytest.mark.slow
def test_whatever_version_is_named_an_appointment_that_is_not_ours_is_not_found(client, here, other_clinic):
    with here(other_clinic.id):
        theirs = an_appointment().id

    for tags in ("abc", 'W/"1"', '"1", "2"', '"7"', "", "*"):
        foreign, missing = (client.post(f"{URL}/{one}/cancel", headers={"If-Match": tags}) for one in (theirs, uuid4()))

        assert (foreign.status_code, foreign.get_json(force=True)["code"]) == (404, "not-found"), tags
        assert masked(foreign) == masked(missing)


@pytest.mark.slow
def test_a_cancellation_that_makes_no_sense_changes_nothing(client, booked):
    answer = client.post(f"{URL}/{booked['id']}/cancel", json={"reason": "weather"})

    assert (answer.status_code, pointers(answer)) == (422, ["#/reason"])
    assert client.get(f"{URL}/{booked['id']}").json == booked


@pytest.mark.slow
def test_the_list_is_filtered(client, booked):
    known = [
        {},
        {"starts_at.gte": "2029-11-26T09:00:00Z", "starts_at.lt": "2029-11-26T09:00:01Z"},
        {"patient_id": booked["patient_id"]},
        {"practitioner_id": booked["practitioner_id"], "status": "booked,arrived"},
    ]
    others = [{"starts_at.lt": "2029-11-26T09:00:00Z"}, {"patient_id": str(uuid4())}, {"status": "cancelled"}]

    assert [client.get(URL, query_string=query).json["data"] for query in known] == [[booked]] * 4
    assert [client.get(URL, query_string=query).json["data"] for query in others] == [[]] * 3


@pytest.mark.slow
def test_a_filter_that_makes_no_sense_is_refused(client):
    expected = {"status=lost": 422, "starts_at.gte=2029-11-26": 422, "patient_id=1": 422, "limit=0": 422}
    expected |= {"sort=starts_at": 400, "starts_at=x": 400, "cursor=x": 400}

    assert {query: client.get(f"{URL}?{query}").status_code for query in expected} == expected


@pytest.mark.slow
def test_the_list_comes_in_portions(client, fields):
    ids = [
        client.post(
            URL, json=fields | {"starts_at": f"2029-11-26T{hour}:00:00Z", "ends_at": f"2029-11-26T{hour}:30:00Z"}
        ).json["id"]
        for hour in range(10, 15)
    ]

    first = client.get(f"{URL}?limit=3&status=booked")
    rest = client.get(first.headers["Link"].partition(">")[0].removeprefix("<"))

    assert [one["id"] for one in first.json["data"] + rest.json["data"]] == ids


@pytest.mark.slow
def test_a_practitioner_is_added_and_listed_by_name(client):
    added = client.post("/api/v1/practitioners", json={"name": "Dr Brandt", "speciality": "Cardiology"})
    client.post("/api/v1/practitioners", json={"name": "Dr Amado"})

    assert added.status_code == 201
    assert client.get(added.headers["Location"]).json == added.json
    assert [one["name"] for one in client.get("/api/v1/practitioners").json["data"]] == ["Dr Amado", "Dr Brandt"]


def test_a_practitioner_that_makes_no_sense_is_refused(app, client):
    assert client.post("/api/v1/practitioners", json={"name": " "}).status_code == 422
    assert rows(app, "practitioners") == []
