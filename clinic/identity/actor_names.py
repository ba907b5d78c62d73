"""Who an actor of the audit trail is, in words for people of the clinic in force."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.context import IMPORT
from clinic.core.db import db
from clinic.core.tenancy import current_clinic_id
from clinic.identity.models import ApiKey, Membership

_ALONE = {"system": "System", "page": "Somebody who had not signed in", "api": "A program without a key"}


def actor_names(actors: Iterable[str]) -> Mapping[str, str]:
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
    return {actor: names.get(actor) or unknown_actor_name(actor) for actor in wanted}


def list_actors() -> Mapping[str, str]:
    """Return every actor who works, or has a key, in the clinic in force, by name."""
    members = select(Membership.member_id, Membership.name).where(Membership.clinic_id == current_clinic_id())
    found = {f"staff:{one}": name for one, name in db.session.execute(members)}
    keys = select(ApiKey.id, ApiKey.label).where(ApiKey.clinic_id == current_clinic_id())
    found |= {f"key:{one}": f"API key “{label}”" for one, label in db.session.execute(keys)}
    return dict(sorted(found.items(), key=lambda item: item[1].casefold()))


def staff_names(member_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return what people are called in the clinic in force, by their accounts."""
    return _ours(select(Membership.member_id, Membership.name), Membership.member_id, member_ids)


def membership_names(membership_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return what people are called in the clinic in force, by their places in it."""
    return _ours(select(Membership.id, Membership.name), Membership.id, membership_ids)


def key_names(key_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return what the API keys of the clinic in force are for."""
    wanted = (ApiKey.clinic_id == current_clinic_id(), ApiKey.id.in_(set(key_ids)))
    return dict(db.session.execute(select(ApiKey.id, ApiKey.label).where(*wanted)).all())


def unknown_actor_name(actor: str) -> str:
    """Return what is said of an actor who neither works here nor has a key."""
    if actor.startswith("cli:"):
        return f"Command by {actor.removeprefix('cli:')}"
    if actor.startswith(IMPORT):
        return f"Import “{actor.removeprefix(IMPORT)}”"
    return _ALONE.get(actor, "Somebody of another clinic" if actor.startswith("staff:") else actor)


def _ours(names: Select[UUID, str], column: InstrumentedAttribute[UUID], wanted: Iterable[UUID]) -> Mapping[UUID, str]:
    mine = Membership.clinic_id == current_clinic_id()
    return dict(db.session.execute(names.where(mine, column.in_(set(wanted)))).all())


def _ids(actors: Iterable[str], kind: str) -> list[UUID]:
    return [UUID(actor.removeprefix(kind)) for actor in actors if actor.startswith(kind)]
