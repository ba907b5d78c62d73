"""Another clinic's id is worth nothing anywhere: in bodies, forms, queries and cursors."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from clinic.core.db import Base, db
from clinic.core.tenancy import clinic_scope
from clinic.identity.api_keys import api_key_service
from tests.access.callers import Caller, body_for, filled, seen
from tests.access.canaries import THEIR_EMAIL, WORD
from tests.access.routes import Route, routes_of
from tests.access.two_clinics import Mixed, World, lasting_ids
from tests.assertions import row_counts
from tests.builders import a_patient
from tests.databases import on_one_database

PAGES = {
    "/appointments": ["practitioner"],
    "/appointments/new": ["patient"],
    "/invoices": ["patient_id"],
    "/invoices/new": ["patient"],
    "/audit": ["patient_id"],
    "/audit/export": ["patient_id"],
}
"""The names of ids in the queries of pages; those of the API are read from its own description."""

READS_NO_FIELDS = {
    *("billing.issue", "staff.begin_session", "staff.complete_session", "staff.sign_out", "staff.switch"),
    *("staff.ask_for_link", "staff.save_password", "staff.save_password_by_link"),
    *("appointments.deactivate_practitioner", "appointments.deactivate_room", "appointments.retire_service"),
    *("appointments.save_public_holidays", "appointments.undo", "appointments.show_practitioners"),
    *("patients.candidates", "patients.merge_records"),
    *("patients.undo_consent", "patients.withdraw_consent"),
    *("patients.archive", "patients.restore", "patients.undo_death"),
    *("patients.end_note", "patients.restore_note", "patients.end_related", "patients.restore_related"),
    *("patients.complete_recall", "patients.drop_recall", "patients.reopen_recall"),
    *("staff.confirm_second_step", "staff.end_second_step", "staff.renew_recovery_codes"),
    *("appointments.confirm", "appointments.withdraw_confirmation", "billing.delete"),
    *("notifications.reset_template", "notifications.restore_template", "notifications.preview_typed"),
    *("links.answer", "links.enter_birth_date", "links.move", "links.stop", "links.unsubscribe"),
}
"""Forms of which only what they know is read."""


def getting(rule: str) -> Route:
    """Return the route that shows an address."""
    return Route("GET", rule, "", ())


def queries(world: World) -> list[tuple[str, str]]:
    """Return every address that can be asked about somebody's id, and the name of the id."""
    described = world.app.test_client().get("/api/openapi.json").get_json()["paths"]
    of_api = [
        (path, parameter["name"])
        for path, methods in described.items()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter.get("in") == "query" and parameter["name"].endswith("_id")
    ]
    return of_api + [(rule, name) for rule, names in PAGES.items() for name in names]


def writing(world: World) -> list[Route]:
    """Return every route to which a body is sent."""
    return [route for route in routes_of(world.app) if route.writes]


def theirs(world: World) -> list[Any]:
    """Return all that the other clinic has."""
    tables = [table for table in Base.metadata.sorted_tables if "clinic_id" in table.columns]
    with world.app.app_context(), db.engine.connect() as connection:
        return [
            row
            for table in tables
            for row in connection.execute(select(table).where(table.c.clinic_id == world.canaries.clinic_id))
        ]


def forget_looks(world: World) -> None:
    """Forget what the own clinic's trail tells of who asked for what."""
    trail = Base.metadata.tables["audit_entries"]
    with world.app.app_context(), db.engine.begin() as connection:
        connection.execute(trail.delete().where(trail.c.clinic_id == world.clinic_id))


@pytest.fixture
def caller(world: World) -> Caller:
    """Somebody to whom everything is permitted in the own clinic."""
    return Caller(world, "administrator")


@pytest.mark.slow
@pytest.mark.row(29)
def test_a_query_about_another_clinic_s_record_is_answered_as_about_none(world: World, caller: Caller) -> None:
    asked = queries(world)
    for rule, name in asked:
        table = name if name.endswith("_id") else f"{name}_id"
        more = {"reason": "a question"} if rule.startswith("/audit") else {}
        forget_looks(world)

        answers = [
            seen(caller.ask(getting(rule), {}, {}, query={name: one, **more}), {name: one})
            for one in (world.foreign(table) or "", str(uuid4()))
        ]

        assert answers[0] == answers[1], (rule, name)
    assert caller.traces == []
    assert len(asked) >= len(PAGES) + 3


@pytest.mark.slow
@pytest.mark.row(29)
def test_a_search_for_what_another_clinic_has_finds_as_little_as_for_nothing(caller: Caller) -> None:
    for rule in ("/patients", "/api/v1/patients"):
        found, nothing = (
            seen(caller.ask(getting(rule), {}, {}, query={"q": word}), {"q": word}) for word in (WORD, "Wiedehopfvogl")
        )

        assert found == nothing


@pytest.mark.slow
@pytest.mark.row(29)
def test_a_body_with_another_clinic_s_id_is_refused_as_one_with_none(world: World, caller: Caller) -> None:
    tried = 0
    for route in writing(world):
        body_for(route, mixed := Mixed(world))
        for name in [name for name in mixed.ids if not name.endswith("_version")]:
            ids, before = caller.own_ids(route), row_counts(world.app)

            wrong = [world.foreign(name) or "", str(uuid4())]
            bodies = [body_for(route, mixed.but(name, one)) for one in wrong]

            answers = [caller.ask(route, ids, body) for body in bodies]

            apart = {seen(*one) for one in zip(answers, _differing(name, wrong, bodies), strict=True)}
            assert (route.key, name, len(apart)) == (route.key, name, 1)
            assert {answer.status_code for answer in answers} <= {404, 422}
            assert row_counts(world.app) == before
            tried += 1
    assert caller.traces == []
    assert tried >= 6


@pytest.mark.slow
@pytest.mark.row(29)
def test_a_form_with_another_clinic_s_patient_number_is_refused_as_with_none(world: World, caller: Caller) -> None:
    for endpoint in ("appointments.create", "billing.create"):
        route = next(route for route in writing(world) if route.endpoint == endpoint)
        body = body_for(route, world.own)

        answers = {
            seen(caller.ask(route, {}, body | {"patient": number}), {"patient": number})
            for number in (WORD.upper(), "WIEDEHOPFVOGL")
        }

        assert len(answers) == 1
    assert caller.traces == []


@on_one_database
@pytest.mark.slow
@pytest.mark.row(29)
def test_a_form_that_another_clinic_s_page_carried_is_stopped_without_a_word_on_it(
    world: World, caller: Caller
) -> None:
    for route in (route for route in writing(world) if not route.is_api):
        ids, body = lasting_ids(world, route), body_for(route, world.lasting_own)

        answers = {
            one: caller.ask(route, ids, {**body, "_clinic": one})
            for one in (str(world.canaries.clinic_id), str(uuid4()))
        }

        assert {answer.status_code for answer in answers.values()} <= {409, 303}, route.key
        assert len({seen(answer, {"_clinic": one}) for one, answer in answers.items()}) == 1, route.key
    assert caller.traces == []


@pytest.mark.row(35)
def test_inviting_somebody_of_another_clinic_looks_like_inviting_anybody(world: World, caller: Caller) -> None:
    route = next(route for route in writing(world) if route.endpoint == "staff.create_member")
    responses = set()

    for email in (THEIR_EMAIL, "Wiedehopfvogl@example.org"):
        answer = caller.ask(route, {}, body_for(route, world.own) | {"email": email})
        address = answer.headers["Location"]
        responses.add(seen(caller.ask(getting(address), {}, {}), {"id": address.rpartition("/")[2], "email": email}))

    assert len(responses) == 1


@pytest.mark.slow
@pytest.mark.row(29)
def test_a_cursor_of_another_clinic_s_list_leads_to_nothing_of_it(world: World, caller: Caller) -> None:
    own = world.own("patient_id")  # older than theirs: the latest stand first
    with world.app.app_context(), clinic_scope(world.canaries.clinic_id):
        a_patient()
        a_patient()
        _, key = api_key_service.create(label="Theirs", scopes=["all"])
    bearer = {"Authorization": f"Bearer {key}"}
    theirs_page = caller.client.get("/api/v1/patients?limit=1", headers=bearer).get_json()

    page = caller.ask(getting("/api/v1/patients"), {}, {}, query={"cursor": theirs_page["next_cursor"]})

    assert theirs_page["next_cursor"]
    assert [row["id"] for row in page.get_json()["data"]] == [own]
    assert caller.traces == []


@on_one_database
@pytest.mark.slow
@pytest.mark.row(32)
@pytest.mark.row(56)
def test_no_body_moves_anything_to_another_clinic(world: World, caller: Caller) -> None:
    before, taken = theirs(world), []
    for route in writing(world):
        ids, body = filled(world, route)
        for field, smuggled in (("clinic_id", world.canaries.clinic_id), ("id", uuid4())):
            answer = caller.ask(route, ids, {**body, field: str(smuggled)})

            if caller.changed:
                world.lasting.clear()
            if route.method != "DELETE" and (body or route.is_api) and route.endpoint not in READS_NO_FIELDS:
                taken += [] if answer.status_code == 422 else [(route.endpoint, field, answer.status_code)]
    assert taken == []
    assert theirs(world) == before
    assert caller.traces == []


@pytest.mark.slow
@pytest.mark.row(30)
def test_each_of_two_records_in_an_address_is_checked_by_itself(world: World, caller: Caller) -> None:
    words = {"kind", "channel", "language", "about_id"}
    every = [route for route in routes_of(world.app) if not words & set(route.arguments)]
    two = [route for route in every if len(route.arguments) > 1]
    routes = [route for route in two if route.method != "OPTIONS"]
    for route in routes:
        for name in route.arguments:
            own, body = caller.own_ids(route), body_for(route, world.own)
            wrong = [{**own, name: one} for one in (world.foreign(name) or "", str(uuid4()))]

            answers = [(caller.ask(route, ids, body), ids) for ids in wrong]

            assert [answer.status_code for answer, _ in answers] == [404, 404], (route.key, name)
            assert len({seen(answer, ids) for answer, ids in answers}) == 1, (route.key, name)
    assert caller.traces == []
    # neither is below the other: of a record below another one, one of another parent would have to be tried as well
    assert {frozenset(route.arguments) for route in routes} == {frozenset({"patient_id", "other_id"})}


@pytest.mark.slow
@pytest.mark.row(36)
def test_numbers_are_each_clinic_s_own_and_no_address_of_anything(world: World, caller: Caller) -> None:
    with world.app.app_context():
        with clinic_scope(world.clinic_id):
            first = a_patient().mrn
        with clinic_scope(world.canaries.clinic_id):
            again = a_patient().mrn

    pages = [caller.ask(getting(f"{rule}/{first}"), {}, {}).status_code for rule in ("/patients", "/api/v1/patients")]

    assert first == again
    assert pages == [404, 404]


def _differing(name: str, ids: list[str], bodies: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return in which words two bodies differ: in an id, and in what is made anew for each."""
    made = [key for key, value in bodies[0].items() if isinstance(value, str) and value != bodies[1][key]]
    return [{name: one} | {key: body[key] for key in made} for one, body in zip(ids, bodies, strict=True)]
