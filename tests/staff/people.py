"""Who works in the clinics of the tests of staff."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Flask

from clinic.core.tenancy import clinic_scope
from clinic.identity.members import member_service
from clinic.identity.staff_directory import ClinicMember
from tests.builders import a_member
from tests.page_client import PageClient


@dataclass(frozen=True)
class Person:
    """Somebody who works in a clinic, by the ids that pages and sessions know."""

    member_id: UUID
    membership_id: UUID
    clinic_id: UUID
    email: str

    @property
    def page(self) -> str:
        """The address of the person's page."""
        return f"/staff/{self.membership_id}"


Hire = Callable[..., Person]


def hire(app: Flask, clinic_id: UUID, role: str, email: str = "") -> Person:
    """Let somebody work in a clinic."""
    with app.app_context(), clinic_scope(clinic_id):
        member = a_member(clinic_id, role, email=email)
        worker = member_service.get_by_email(member.email)
        return Person(member.id, worker.membership.id, clinic_id, member.email)


def as_now(app: Flask, person: Person) -> ClinicMember:
    """Return somebody as they are now."""
    with app.app_context(), clinic_scope(person.clinic_id):
        return member_service.get(person.membership_id)


def browser_of(app: Flask, person: Person) -> PageClient:
    """Return a browser of its own in which somebody has signed in."""
    client = app.test_client()
    assert isinstance(client, PageClient)
    client.become(person.member_id, person.clinic_id)
    return client
