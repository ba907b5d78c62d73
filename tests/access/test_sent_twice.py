"""Every form and every JSON POST of the program, sent twice with the same key: one record, one message, one answer."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from clinic.core.idempotency import IdempotentRequest
from clinic.identity.sessions import session_service
from clinic.web.idempotency import HEADER, REPLAYED
from tests.access.callers import Caller, Filling, address, body_for
from tests.access.request_bodies import headers_for
from tests.access.routes import Route, routes_of
from tests.access.two_clinics import World
from tests.assertions import row_counts
from tests.databases import on_one_database

ONES_OWN_SESSION = {
    "staff.begin_second_step",
    "staff.begin_session",
    "staff.complete_session",
    "staff.confirm_second_step",
    "staff.discard_saved_form",
    "staff.end_second_step",
    "staff.renew_recovery_codes",
    "staff.save_password",
    "staff.save_password_by_link",
    "staff.see_as_oneself",
    "staff.see_as_role",
    "staff.sign_out",
    "staff.stay",
    "staff.switch",
}
"""Views without a stored answer: they change, or need, the secrets of the person who sends them."""

NOTHING_TO_CHANGE = {
    "api_closures.preview",
    "api_hours.preview",
    "api_hours_exceptions.preview",
    "api_message_templates.preview",
    "api_notifications.retry_notifications",
    "api_opening_hours.preview_opening_hours",
    "api_staff.preview_time_zone",
    "notifications.preview_typed",
    "notifications.retry_all",
    "patients.candidates",
}
"""Views that only show what would change, or find no failed message here: what changes nothing stores no answer."""

REFUSED_HERE = {"appointments.fulfil", "appointments.no_show", "appointments.update_opening_hours"}
"""Views that refuse the only record here in the state in which it is; `tests/appointments` sends them twice."""


BY_A_LINK = {"links.answer", "links.enter_birth_date", "links.move", "links.stop", "links.unsubscribe"}
"""Views without a key: a mail program sends none, and what a link asks for is done once by the state it leads to."""

PAGES_ONCE = {"notifications.send_test", "staff.create_api_key"}
"""Views that answer with a page which is not shown again: a test shows what is typed, a new key is a secret."""


@on_one_database
@pytest.mark.slow
def test_every_post_that_is_sent_twice_is_carried_out_once_and_answered_as_before(app: Flask, world: World) -> None:
    caller = Caller(world, "administrator")
    wrong = []

    for route in routes_of(app):
        if route.method == "POST":
            wrong += _faults(app, caller, route)

    assert "\n".join(wrong) == ""


def _faults(app: Flask, caller: Caller, route: Route) -> list[str]:
    """Send a request twice; return what the second one changed or answered otherwise."""
    caller.start_anew()
    ids, body = caller.own_ids(route), body_for(route, caller.world.own)
    if "sign_in_id" in ids:
        ids = {**ids, **_own_session(caller)}
    first = _send(caller, route, ids, body)
    between = _counted(app)
    second = _send(caller, route, ids, body)
    more = {name: count - between[name] for name, count in _counted(app).items() if count != between[name]}
    wrong = [f"{route.endpoint} sent twice makes rows: {more}"] if more else []
    if route.endpoint not in ONES_OWN_SESSION | NOTHING_TO_CHANGE | REFUSED_HERE:
        wrong += _differences(route, first, second)
    return wrong


def _differences(route: Route, first: TestResponse, second: TestResponse) -> list[str]:
    if first.status_code >= 400:
        return [f"{route.endpoint} answers {first.status}"]
    replayed = [REPLAYED in one.headers for one in (first, second)]
    if replayed != [False, route.endpoint not in BY_A_LINK]:
        return [f"{route.endpoint} does not replay its answer: {second.status}"]
    if route.endpoint in PAGES_ONCE:
        return []
    seen = [(one.status_code, one.location, one.headers.get("ETag"), one.text) for one in (first, second)]
    return [] if seen[0] == seen[1] else [f"{route.endpoint} answers {seen[0]}, then {seen[1]}"]


def _send(caller: Caller, route: Route, ids: Filling, body: dict[str, Any]) -> TestResponse:
    url, key = address(route, ids), f"the key of {route.endpoint}"
    if route.is_api:
        return caller.client.post(url, json=body, headers={**headers_for(route.endpoint), HEADER: key})
    return caller.client.post(url, data={"csrf_token": caller.token, **body, "key": key})


def _own_session(caller: Caller) -> Filling:
    """Return another session of the caller, as nobody ends somebody else's."""
    assert caller.member_id
    with caller.world.app.app_context():
        session_service.start(caller.member_id, caller.world.clinic_id, address="192.0.2.1", agent="test")
        return {"sign_in_id": str(session_service.list_open(caller.member_id)[0].id)}


def _counted(app: Flask) -> dict[str, int]:
    """Return the number of rows of every table that a request may fill."""
    return {name: count for name, count in row_counts(app).items() if name != IdempotentRequest.__tablename__}
