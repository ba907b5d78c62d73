"""Practitioners, rooms and services: added, changed, deactivated, never deleted."""

from datetime import timedelta
from uuid import uuid4

import pytest

from clinic.appointments.service import (
    MemberLinked,
    NameTaken,
    PractitionerNotFound,
    appointment_service,
    practitioner_service,
    room_service,
    service_catalogue,
)
from clinic.core.clock import now
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.unit_of_work import unit_of_work
from tests.assertions import rows
from tests.builders import MONDAY, a_member, a_practitioner, an_appointment, somebody

pytestmark = pytest.mark.usefixtures("inside")


def a_service(name="Mole check", **fields):
    """Add a service of half an hour, which everyone offers in any room or none, unless told otherwise."""
    return service_catalogue.create(name=name, **({"lengths": [30]} | fields))


def test_a_practitioner_is_changed_from_the_version_that_was_read():
    practitioner = a_practitioner()

    changed = practitioner_service.update(practitioner.id, version=1, name="Dr Amara Silva", speciality="Skin")

    assert (changed.name, changed.speciality, changed.version) == ("Dr Amara Silva", "Skin", 2)
    with pytest.raises(StaleVersion):
        practitioner_service.update(practitioner.id, version=1, name="Dr Nobody")


def test_a_member_is_one_practitioner_at_most(clinic, other_clinic):
    member, stranger = (
        a_member(clinic.id, "practitioner"),
        a_member(other_clinic.id, "practitioner", email="x@y.example"),
    )
    practitioner = practitioner_service.create(name="Dr Rui Silva", member_id=member.id)

    assert practitioner_service.of_member(member.id) == practitioner
    assert practitioner_service.unlinked() == []
    with pytest.raises(MemberLinked):
        practitioner_service.create(name="Dr Rui Silva again", member_id=member.id)
    with pytest.raises(InvalidInput, match="staff member of this clinic"):
        practitioner_service.update(practitioner.id, version=None, member_id=stranger.id)
    practitioner_service.deactivate(practitioner.id)
    assert practitioner_service.of_member(member.id) is None


@pytest.mark.slow
def test_deactivating_again_changes_nothing_and_what_is_booked_stays():
    practitioner = a_practitioner()
    booked = [an_appointment(somebody(), practitioner, MONDAY + timedelta(hours=hour)).id for hour in (3, 1, 2)]
    appointment_service.cancel(booked.pop(), reason="clinic")
    an_appointment()

    once, twice = (practitioner_service.deactivate(practitioner.id).version for _ in range(2))

    upcoming = practitioner_service.upcoming(practitioner.id)
    assert (once, twice) == (2, 2)
    assert upcoming.appointment_ids == [booked[1], booked[0]]
    assert (upcoming.count, upcoming.last) == (2, MONDAY + timedelta(hours=3))
    assert practitioner_service.upcoming(practitioner.id, limit=1).count == 2
    with pytest.raises(InvalidInput, match="takes no appointments"):
        an_appointment(practitioner=practitioner)
    assert practitioner_service.reactivate(practitioner.id).active


def test_what_is_over_is_not_upcoming():
    practitioner = a_practitioner()
    an_appointment(practitioner=practitioner, starts_at=now() - timedelta(hours=2))
    running = an_appointment(practitioner=practitioner, starts_at=now() - timedelta(minutes=10))

    assert practitioner_service.upcoming(practitioner.id).appointment_ids == [running.id]


@pytest.mark.parametrize("resources", [room_service, service_catalogue], ids=["room", "service"])
def test_two_rooms_or_services_cannot_have_one_name(resources):
    fields = {"lengths": [30]} if resources is service_catalogue else {}
    one, other = resources.create(name="One", **fields), resources.create(name="Other", **fields)

    for change in (lambda: resources.create(name="One", **fields), lambda: _rename(resources, other, "One")):
        with pytest.raises(NameTaken, match="named One"):
            change()
    assert _rename(resources, one, "One").version == 1


def test_a_change_of_who_offers_a_service_is_a_change_of_the_service():
    brandt, silva, room = a_practitioner("Dr Brandt"), a_practitioner("Dr Silva"), room_service.create(name="Room 1")
    service = a_service()
    assert service.is_offered_by(silva.id)

    service = service_catalogue.update(
        service.id, version=1, practitioner_ids=[brandt.id, brandt.id], room_ids=[room.id]
    )

    assert (service.practitioner_ids, service.room_ids, service.version) == ([brandt.id], [room.id], 2)
    assert not service.is_offered_by(silva.id)
    same = service_catalogue.update(service.id, version=2, practitioner_ids=[brandt.id])
    everyone = service_catalogue.update(service.id, version=2, practitioner_ids=[])
    assert (same.version, everyone.version, everyone.practitioner_ids) == (3, 3, [])


def test_only_practitioners_and_rooms_of_this_clinic_belong_to_a_service(here, other_clinic):
    with here(other_clinic.id):
        theirs = a_practitioner()
    own = a_practitioner()

    with pytest.raises(InvalidInput) as refused:
        a_service(practitioner_ids=[own.id, theirs.id])
    assert refused.value.problems == {"practitioner_ids": ["There is no such practitioner"]}
    with pytest.raises(InvalidInput) as refused:
        a_service(room_ids=[uuid4()])
    assert refused.value.problems == {"room_ids": ["There is no such room"]}
    with here(other_clinic.id), pytest.raises(PractitionerNotFound):
        practitioner_service.update(own.id, version=None, name="Dr Taken")


def test_the_audit_trail_has_who_offers_a_service(app):
    brandt = a_practitioner("Dr Brandt")
    service = a_service(practitioner_ids=[brandt.id])
    service_catalogue.update(service.id, version=None, practitioner_ids=[])

    entries = [entry for entry in rows(app, "audit_entries") if entry["record"] == "service_practitioners"]
    assert [entry["action"] for entry in entries] == ["created", "deleted"]


@pytest.mark.both_databases
def test_races_end_in_one_name_and_one_link(clinic, at_once):
    member_id = a_member(clinic.id, "practitioner").id

    rooms = at_once(2, lambda _: room_service.create(name="Room 1"))
    links = at_once(2, lambda number: practitioner_service.create(name=f"Dr {number}", member_id=member_id))

    assert sorted(type(error).__name__ for error in rooms) == ["NameTaken", "NoneType"]
    assert sorted(type(error).__name__ for error in links) == ["MemberLinked", "NoneType"]


def _rename(resources, record, name):
    with unit_of_work():
        return resources.update(record.id, version=None, name=name)
