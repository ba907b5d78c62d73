"""Who an actor of the audit trail is, in words for people of the clinic in force."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select

from clinic.core.database import db
from clinic.core.tenancy import current_clinic_id
from clinic.staff.models import ApiKey, Membership

_ALONE = {"system": "The program itself", "page": "Somebody who had not signed in", "api": "A program without a key"}


def names_of(actors: Iterable[str]) -> Mapping[str, str]:
    """Return what each actor is called; people of other clinics have no name here."""
    wanted = set(actors)
    people = _ids(wanted, "staff:")
    keys = _ids(wanted, "key:")
    mine = Membership.clinic_id == current_clinic_id()
    memberships = db.session.scalars(select(Membership).where(mine, Membership.member_id.in_(people)))
    names = {f"staff:{membership.member_id}": membership.name for membership in memberships}
    ours = ApiKey.clinic_id == current_clinic_id()
    for key in db.session.scalars(select(ApiKey).where(ours, ApiKey.id.in_(keys))):
        names[f"key:{key.id}"] = f"API key “{key.label}”"
    return {actor: names.get(actor) or _otherwise(actor) for actor in wanted}


def people_and_keys() -> Mapping[str, str]:
    """Return every actor who works, or has a key, in the clinic in force, by name."""
    members = db.session.scalars(select(Membership.member_id).where(Membership.clinic_id == current_clinic_id()))
    keys = db.session.scalars(select(ApiKey.id).where(ApiKey.clinic_id == current_clinic_id()))
    found = names_of([*(f"staff:{one}" for one in members), *(f"key:{one}" for one in keys)])
    return dict(sorted(found.items(), key=lambda item: item[1].casefold()))


def _ids(actors: Iterable[str], kind: str) -> list[UUID]:
    return [UUID(actor.removeprefix(kind)) for actor in actors if actor.startswith(kind)]


def _otherwise(actor: str) -> str:
    if actor.startswith("cli:"):
        return f"Command by {actor.removeprefix('cli:')}"
    return _ALONE.get(actor, "Somebody of another clinic" if actor.startswith("staff:") else actor)
