"""Requests that are sent twice: carried out once, answered as before; on pages and in JSON."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import OperationalError

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.core.idempotency import IdempotentRequest, is_key
from clinic.core.tenancy import clinic_scope
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.api_keys import api_key_service
from clinic.identity.models import Membership
from clinic.patients.service import patient_service
from clinic.web import idempotency
from clinic.web.idempotency import HEADER, REPLAYED, idempotent
from tests.assertions import row_counts, rows, spoken
from tests.billing.invoices import an_invoice, euros, payment_fields
from tests.builders import a_practitioner, appointment_fields, patient_fields, somebody
from tests.databases import on_postgresql_only
from tests.page_client import hidden_value

EMAIL, KEY = "ines@example.org", "one key for this request"
PATIENTS = "/api/v1/patients"


@pytest.fixture
def browser(client):
    """A browser in whose session the form of a new patient is open."""
    page = client.get("/patients/new").text
    fields = {name: hidden_value(page, name) for name in ("csrf_token", "key", "_clinic")}
    client.form = {**fields, **patient_fields(email=EMAIL)}
    return client


def register(client, key: str | None = KEY, **fields: str):
    return client.post(PATIENTS, json=patient_fields(email=EMAIL, **fields), headers={HEADER: key} if key else {})


@pytest.mark.slow
def test_requests_without_a_key_are_carried_out_each(app, client):
    first, second = register(client, None), register(client, None)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json["id"] != second.json["id"]
    assert row_counts(app)["idempotent_requests"] == 0


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_request_sent_again_with_its_key_gets_the_first_answer(app, client):
    first, second = register(client), register(client)

    assert (second.status_code, second.data, second.mimetype) == (201, first.data, first.mimetype)
    assert (second.headers["ETag"], second.location) == (first.headers["ETag"], first.location)
    assert (first.headers.get(REPLAYED), second.headers.get(REPLAYED)) == (None, "true")
    assert row_counts(app)["patients"] == row_counts(app)["notifications"] == 1


@pytest.mark.slow
def test_the_first_answer_is_returned_even_if_the_record_has_changed(client):
    first = register(client)
    client.patch(first.location, json={"given_name": "Rita"}, headers={"If-Match": "*"})

    assert register(client).data == first.data


@pytest.mark.slow
def test_the_spelling_of_the_body_does_not_matter(client):
    register(client)
    spelled = json.dumps(dict(reversed(patient_fields(email=EMAIL).items())), indent=2)

    again = client.post(PATIENTS, data=spelled, headers={HEADER: KEY, "Content-Type": "application/json"})

    assert again.headers[REPLAYED] == "true"


@pytest.mark.row(72)
def test_a_key_sent_with_another_body_is_refused(app, client):
    register(client)

    refused = register(client, given_name="Rita")

    assert (refused.status_code, refused.json["code"]) == (422, "idempotency-key-reused")
    assert row_counts(app)["patients"] == 1


@pytest.mark.row(72)
def test_a_key_sent_for_another_record_of_the_route_is_refused(client, here):
    with here():
        invoices = [an_invoice().id, an_invoice().id]
    answers = [
        client.post(f"/api/v1/invoices/{one}/payments", json=payment_fields(), headers={HEADER: KEY})
        for one in invoices
    ]

    assert [answer.status_code for answer in answers] == [201, 422]


@pytest.mark.slow
@pytest.mark.row(72)
def test_a_key_is_independent_on_another_route(client):
    first, other = (
        register(client),
        client.post("/api/v1/practitioners", json={"name": "Dr Rui"}, headers={HEADER: KEY}),
    )

    assert (first.status_code, other.status_code, REPLAYED in other.headers) == (201, 201, False)


@pytest.mark.slow
@pytest.mark.row(72)
def test_a_key_is_independent_for_another_actor(client, here):
    first = register(client)
    with here():
        client.key = api_key_service.create(label="Laboratory", scopes=["all"])[1]
    other = register(client)

    assert (other.status_code, REPLAYED in other.headers) == (201, False)
    assert other.json["id"] != first.json["id"]


@pytest.mark.slow
@pytest.mark.row(72)
def test_a_key_is_independent_in_another_clinic_of_the_same_person(app, client, clinic, other_clinic):
    with app.app_context(), unit_of_work():
        member_id = db.session.scalars(select(Membership.member_id)).one()
        db.session.add(Membership(clinic_id=other_clinic.id, member_id=member_id, name="Ana", role="administrator"))
    sent = []
    for place in (clinic.id, other_clinic.id):
        client.become(member_id, place)
        sent.append(client.submit("/patients/new", **patient_fields(), key=KEY))

    assert [answer.status_code for answer in sent] == [303, 303]
    assert sent[0].location != sent[1].location
    assert row_counts(app)["patients"] == 2


@pytest.mark.breadth
@pytest.mark.row(73)
@pytest.mark.parametrize("key", ["", "x" * 15, "x" * 256, "é" * 16])
def test_a_key_of_another_length_or_alphabet_is_refused(app, client, key):
    refused = register(client, key) if key else client.post(PATIENTS, json=patient_fields(), headers={HEADER: ""})

    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == f"#/{HEADER}"
    assert row_counts(app)["patients"] == 0


@pytest.mark.slow
@pytest.mark.row(74)
def test_a_refused_request_does_not_use_up_its_key(client, here):
    with here():
        patient, practitioner = somebody().id, a_practitioner().id
    refused = register(client, sex="none")
    address, body = "/api/v1/appointments", appointment_fields(patient, practitioner)
    other = client.post(address, json=body)
    busy = client.post(address, json=body, headers={HEADER: KEY})
    client.post(f"{other.location}/cancel")

    again = client.post(address, json=body, headers={HEADER: KEY})

    assert (refused.status_code, busy.status_code) == (422, 409)
    assert register(client).status_code == again.status_code == 201


@pytest.mark.slow
@pytest.mark.row(74)
@pytest.mark.both_databases
@pytest.mark.parametrize("step", ["make_response", "store_answer"])
def test_a_request_that_failed_at_any_step_is_carried_out_by_the_next_one(app, client, monkeypatch, step):
    def fail(*_args: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(app, "testing", False)
        patch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
        patch.setattr(idempotency, step, fail)
        failed = register(client)
        between = row_counts(app)

    finished = register(client)

    assert (failed.status_code, finished.status_code, REPLAYED in finished.headers) == (500, 201, False)
    assert (between["patients"], row_counts(app)["patients"]) == (0, 1)
    assert register(client).data == finished.data


@pytest.mark.slow
@pytest.mark.row(71)
@pytest.mark.both_databases
def test_eight_requests_at_once_with_one_key_are_one_record_and_one_answer(app, client):
    barrier = Barrier(8)

    def send(_number: int):
        other = app.test_client()
        other.key = client.key
        barrier.wait(30)
        return register(other)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert {answer.status_code for answer in answers} <= {201, 409, 503}
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    assert sum(answer.status_code == 201 and REPLAYED not in answer.headers for answer in answers) == 1
    assert register(client).headers[REPLAYED] == "true"
    assert row_counts(app)["patients"] == row_counts(app)["notifications"] == 1


@pytest.mark.row(71)
@on_postgresql_only
@pytest.mark.both_databases
def test_a_request_whose_first_try_still_runs_is_a_conflict(app, client, monkeypatch):
    register(client)
    (claimed,) = rows(app, "idempotent_requests")
    monkeypatch.setitem(app.config, "LOCK_TIMEOUT_MS", 50)
    with app.app_context(), db.engine.connect() as first:
        first.execute(delete(IdempotentRequest))
        first.commit()
        first.execute(insert(IdempotentRequest).values(claimed))
        refused = register(client)
        first.rollback()

    assert (refused.status_code, refused.json["code"]) == (409, "request-in-progress")
    assert int(refused.headers["Retry-After"]) > 0
    assert register(client).status_code == 201


@pytest.mark.slow
def test_a_form_sent_again_leads_to_the_same_page_with_the_same_message(app, browser):
    first, second = (browser.post("/patients/new", data=browser.form) for _ in range(2))
    page = browser.get(second.location)

    assert (first.status_code, second.status_code, second.location) == (303, 303, first.location)
    assert spoken(page.text).count("Registered as P-000001") == 1
    assert row_counts(app)["patients"] == row_counts(app)["notifications"] == 1


@pytest.mark.slow
def test_a_form_of_an_older_page_without_a_key_is_accepted(app, browser):
    browser.form.pop("key")

    assert browser.post("/patients/new", data=browser.form).status_code == 303
    assert row_counts(app)["patients"] == 1


@pytest.mark.slow
@pytest.mark.row(74)
def test_a_form_with_an_error_keeps_its_key(app, browser):
    refused = browser.post("/patients/new", data=browser.form | {"birth_date": "20"})
    sent = browser.post("/patients/new", data=browser.form)

    assert (refused.status_code, sent.status_code) == (422, 303)
    assert hidden_value(refused.text, "key") == browser.form["key"]
    assert row_counts(app)["patients"] == 1


@pytest.mark.slow
def test_a_form_sent_again_with_other_values_is_shown_with_a_new_key(app, browser):
    browser.post("/patients/new", data=browser.form)
    other = browser.form | {"given_name": "Rita"}

    shown = browser.post("/patients/new", data=other)
    saved = browser.post("/patients/new", data=other | {"key": hidden_value(shown.text, "key")})

    assert shown.status_code == 422
    assert "This form was sent before with other values" in spoken(shown.text)
    assert 'value="Rita"' in shown.text
    assert saved.status_code == 303
    assert [patient["given_name"] for patient in rows(app, "patients")] == ["Inês", "Rita"]


@pytest.mark.slow
def test_a_form_whose_outcome_is_unknown_is_sent_again_with_its_key(app, browser, monkeypatch):
    def fail(**_fields: str) -> None:
        raise OperationalError("COMMIT", None, Exception("server closed the connection"))

    with monkeypatch.context() as patch:
        patch.setattr(patient_service, "create", fail)
        failed = browser.post("/patients/new", data=browser.form, headers={"Sec-Fetch-Site": "same-origin"})

    assert failed.status_code == 503
    assert re.findall(r'name="key" value="([^"]*)"', failed.text) == [browser.form["key"]]


@pytest.mark.parametrize("answer", ["a page", ("refused", 409)])
def test_a_view_that_has_changed_something_must_answer_with_what_can_be_replayed(app, clinic, answer):
    @idempotent
    def view():
        patient_service.create(family_name="Silva")
        return answer

    with app.test_request_context("/patients/new", method="POST", data={"key": KEY}), clinic_scope(clinic.id):
        with pytest.raises(RuntimeError, match="replay_as"):
            view()
        assert patient_service.list().rows == []


@pytest.mark.slow
def test_each_form_has_a_key_of_its_own(client):
    keys = [hidden_value(client.get("/patients/new").text, "key") for _ in range(2)]

    assert keys[0] != keys[1]
    assert all(is_key(key) for key in keys)


@pytest.mark.slow
def test_an_api_key_is_shown_once_and_no_second_one_is_made(app, client):
    fields = {"label": "Website", "scopes": "patients:read", "key": KEY}

    first, second = (client.submit("/api-keys", **fields) for _ in range(2))
    page = client.get(second.location)

    secret = re.search(r"clk_[\w-]{43}", first.text)
    assert secret
    assert second.status_code == 303
    assert secret[0] not in str(rows(app, "idempotent_requests"))
    assert secret[0] not in page.text
    assert "The key “Website” was created already and is not shown again" in spoken(page.text)
    assert [key["label"] for key in rows(app, "api_keys")].count("Website") == 1


@pytest.mark.slow
def test_a_booking_sent_again_is_not_a_conflict_with_itself(app, client, here):
    with here():
        fields = {"patient": str(somebody().id), "practitioner_id": str(a_practitioner().id), "key": KEY}

    sent = [client.submit("/appointments/new", **fields, day="2029-11-26", time="9:00", minutes="30") for _ in range(2)]

    assert [answer.location for answer in sent] == [sent[0].location] * 2
    assert row_counts(app)["appointments"] == 1


@pytest.mark.slow
def test_settings_saved_twice_are_no_conflict_with_oneself(client):
    fields = {"name": "Clínica Nova", "country": "PT", "locale": "pt_PT", "version": "1"}
    fields |= {"idle_minutes": "20", "absolute_hours": "10"}

    sent = [client.submit("/clinic", **fields, key=KEY) for _ in range(2)]

    assert [answer.status_code for answer in sent] == [303, 303]


@pytest.mark.slow
def test_a_payment_of_another_person_or_before_its_answer_was_stored_is_recognised(client, here):
    with here():
        invoice_id = an_invoice().id
        billing_service.record_payment(invoice_id, amount=euros(2000), method="card", idempotency_key=KEY)
    address, body = f"/api/v1/invoices/{invoice_id}/payments", payment_fields("20.00")

    again = client.post(address, json=body, headers={HEADER: KEY})
    other = client.post(address, json=body | {"method": "cash"}, headers={HEADER: KEY})

    assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
    assert other.status_code == 422
    assert len(client.get(address).json["data"]) == 1
