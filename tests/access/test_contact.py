"""How to reach patients, and the notes on appointments: told to nobody who may not see them, in no answer at all."""

from collections.abc import Collection

import pytest
from werkzeug.test import TestResponse

from clinic.appointments.service import appointment_service
from clinic.core.jobs import run_due_jobs
from clinic.core.tenancy import clinic_scope
from clinic.identity.roles import permission_names
from tests.access.callers import Caller
from tests.access.commands import LINES, takes_json
from tests.access.routes import WITHOUT_A_VIEW, Route, routes_of
from tests.access.test_matrix import Record
from tests.access.two_clinics import World
from tests.assertions import told_by
from tests.billing.invoices import an_invoice
from tests.builders import OWN, a_patient, an_appointment
from tests.databases import on_one_database
from tests.fixtures import Run

pytestmark = [pytest.mark.slow, on_one_database]

HIDDEN = {
    "phone": "+351912000777",
    "email": "hidden@example.org",
    "address": "Hidden Street 7",
    "other_phones": [{"value": "+351912000888", "use": "work"}],
    "other_emails": [{"value": "hidden@work.example"}],
    "other_addresses": [{"value": "Hidden Street 8"}],
}
NOTE = "Hidden reason"
TOLD = ("912000777", "912 000 777", "912000888", "hidden@", "hidden street", "hidden reason")
WHOLE = "/audit"
"""The audit trail is whole for whoever may read it."""

CALLERS: dict[str, Collection[str] | None] = {
    "read-only": None,
    "all but contact": frozenset(permission_names()) - {"patients:contact", "appointments:notes"},
}
"""Who may not see it: a role, and whoever may do everything else."""


@pytest.fixture
def full(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The own clinic, whose patients can all be reached, with an appointment that was cancelled for a reason."""
    given = {"family_name": "Pereira", "given_name": "Inês", "birth_date": "1991-06-21", "sex": "female"}
    monkeypatch.setattr("tests.builders.patient_fields", lambda **fields: given | fields | HIDDEN)
    with world.app.app_context(), clinic_scope(world.clinic_id):
        patient = a_patient()
        an_invoice(patient)
        an_appointment(patient)
        cancelled = an_appointment(minutes=5)
        appointment_service.cancel(cancelled.id, reason="patient", note=NOTE)
        world.lasting |= {"patient_id": str(patient.id), "appointment_id": str(cancelled.id)}
    with world.app.app_context():
        run_due_jobs()
    return world


@pytest.mark.breadth
@pytest.mark.row(38)
@pytest.mark.parametrize("column", CALLERS)
def test_no_answer_reveals_contact_or_notes_without_permission(
    full: World, column: str, record_property: Record
) -> None:
    caller = Caller(full, column, may=CALLERS[column])
    leaks = []

    for route in sorted(routes_of(full.app), key=lambda route: route.writes):  # what is written crowds lists
        if route.method not in WITHOUT_A_VIEW and not route.rule.startswith(WHOLE) and not _is_kept_out(caller, route):
            leaks += [f"{route.method} {route.rule}: {word}" for word in _hears(caller, route)]

    record_property("requests", caller.asked)
    assert leaks == []


@pytest.mark.row(38)
def test_those_with_permission_see_them(full: World) -> None:
    caller = Caller(full, "administrator")
    unheard = {"912000777", "hidden@", "hidden reason"}

    for route in routes_of(full.app):
        if unheard and route.method == "GET":
            unheard -= {*_hears(caller, route)}

    assert unheard == set()


@pytest.mark.row(38)
def test_no_command_reveals_them_without_permission(full: World, run: Run) -> None:
    Caller(full, "read-only")
    as_whom = ["--as", "read-only@example.org", "--clinic", OWN]

    for name, line in LINES.items():
        for more in ([], ["--json"])[: 1 + takes_json(full.app, name)]:
            result = run(*name.split(), *line(full.lasting_own), *more, *as_whom)
            assert (name, [word for word in TOLD if word in result.output.casefold()]) == (name, [])


def _is_kept_out(caller: Caller, route: Route) -> bool:
    """Return whether no view of a route answers, as its permission is denied to the role, see matrix.txt."""
    return route.writes and caller.stated.get(route.key) == "403"


def _hears(caller: Caller, route: Route) -> list[str]:
    """Ask a route, and the page to which it leads; return what is told there."""
    query = _query(caller, route) if route.method == "GET" else None
    answer = caller.ask(route, caller.own_ids(route), caller.body(route), query=query)
    heard = _words(answer)
    if route.writes and answer.status_code == 303 and (answer.location or "").startswith("/"):
        heard += _words(caller.client.get(answer.location))
    return heard


def _query(caller: Caller, route: Route) -> dict[str, str]:
    """Return with what an address shows most."""
    patient = {"patient": caller.world.lasting["patient_id"]}
    asked = {"/appointments": {"day": "2029-11-26"}, "/appointments/new": patient, "/invoices/new": patient}
    return asked.get(route.rule, {})


def _words(answer: TestResponse) -> list[str]:
    content = f"{answer.headers}\n{told_by(answer)}".casefold()
    return [word for word in TOLD if word in content]
