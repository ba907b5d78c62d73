"""Nobody is shown a way on that is closed to them: every link and every form, for every role."""

from fractions import Fraction
from itertools import combinations, count, permutations
from math import comb

import pytest

from clinic.appointments.service import appointment_service, room_service, service_catalogue
from clinic.billing.service import LineFields, billing_service
from clinic.core.clock import now
from clinic.core.money import Money
from clinic.identity.roles import ROLES, permission_names
from tests.builders import a_patient, a_practitioner, an_appointment
from tests.databases import on_one_database
from tests.fixtures import Become, StoreOnce
from tests.link_crawler import walk
from tests.page_client import PageClient

pytestmark = [pytest.mark.slow, on_one_database]

WAYS = {
    "patients:read": {"patients.index", "patients.show"},
    "patients:write": {"patients.new", "patients.edit"},
    "appointments:read": {"appointments.index", "appointments.show"},
    "appointments:write": {"appointments.new"},
    "schedule:write": {
        *("appointments.practitioners", "appointments.new_practitioner", "appointments.edit_practitioner"),
        *("appointments.rooms", "appointments.edit_room", "appointments.services", "appointments.edit_service"),
        *("appointments.practitioner_deactivation", "appointments.retirement"),
    },
    "invoices:read": {"billing.index", "billing.show", "billing.show_payment"},
    "invoices:write": {"billing.new"},
    "payments:write": {"billing.take_payment", "billing.reversal"},
    "refunds:write": {"billing.refund_form"},
    "credits:write": {"billing.credit_form", "billing.write_off_form"},
    "notifications:read": {"notifications.index"},
}
"""Pages to which somebody with a permission is led, from the start on."""

_WALKS = next(walks for walks in count() if comb(walks, 2) >= len(permission_names()))
_TWO_WALKS = dict(zip(permission_names(), combinations(range(_WALKS), 2), strict=False))
DENIALS = [tuple(name for name, walks in _TWO_WALKS.items() if walk in walks) for walk in range(_WALKS)]
"""Permissions that are denied together, each in another two walks, as a walk for each one takes long."""


@pytest.fixture(autouse=True)
def records(store_once: StoreOnce) -> None:
    """Something of each kind, in each state that has a page of its own."""
    store_once(_records)


def _records() -> None:
    patient, practitioner = a_patient(phone="+351912555014", address="Rua Nova 1"), a_practitioner()
    room_service.create(name="Room 1")
    service_catalogue.create(name="Check", lengths=[30])
    an_appointment(patient, practitioner, now())
    appointment_service.cancel(an_appointment(a_patient(), practitioner).id, note="has a cold")
    line = LineFields(description="Visit", quantity=Fraction(1), unit_price=Money(4500, "EUR"))
    billing_service.create(patient_id=patient.id, lines=[line])
    for paid in (0, 2000, 4500):
        invoice = billing_service.issue(billing_service.create(patient_id=patient.id, lines=[line]).id)
        if paid:
            billing_service.record_payment(invoice.id, amount=Money(paid, "EUR"), method="cash")


@pytest.mark.breadth
@pytest.mark.row(28)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_shown_every_way_that_is_open_to_it_and_no_other(
    client: PageClient, become: Become, role: str
) -> None:
    permissions = become(role)

    walked = walk(client, permissions)

    assert walked.astray == []
    opened = {kind.partition("?")[0] for kind in walked.opened}
    for permission, pages in WAYS.items():
        assert opened & pages == (pages if permission in permissions else set()), permission


@pytest.mark.breadth
@pytest.mark.row(34)
@pytest.mark.parametrize("denied", DENIALS, ids=", ".join)
def test_what_an_administrator_is_denied_is_not_shown(
    client: PageClient, become: Become, denied: tuple[str, ...]
) -> None:
    permissions = become("administrator", *denied)

    walked = walk(client, permissions)

    assert walked.astray == []
    closed = set().union(*(WAYS.get(permission, set()) for permission in denied))
    assert not {kind.partition("?")[0] for kind in walked.opened} & closed


def test_of_each_two_permissions_one_is_denied_without_the_other() -> None:
    untested = [
        (closed, opened)
        for closed, opened in permutations(permission_names(), 2)
        if not any(closed in denied and opened not in denied for denied in DENIALS)
    ]

    assert untested == []


@pytest.mark.row(34)
def test_who_is_denied_everything_comes_to_their_own_account_only(client: PageClient, become: Become) -> None:
    walked = walk(client, become("administrator", *permission_names()))

    assert walked.astray == []
    assert "staff.account?" in walked.opened
    assert not {kind.partition(".")[0] for kind in walked.opened} - {"staff"}
