"""Display names of the actors of the audit trail, for the staff of the current clinic."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, String, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.context import IMPORT, LINK_GUARDIAN, LINK_PATIENT, current_actor
from clinic.core.db import db
from clinic.core.tenancy import current_clinic_id
from clinic.identity.models import ApiKey, Membership

_UNIDENTIFIED = {
    "system": "System",
    "page": "Somebody who had not signed in",
    "api": "A program without a key",
    LINK_PATIENT: "Patient, by a link in a message",
    LINK_GUARDIAN: "Guardian, by a link in a message",
}


def actor_names(actors: Iterable[str]) -> Mapping[str, str]:
    """Return the display name of each actor; people of other clinics are not named."""
    wanted = set(actors)
    people, keys = _ids(wanted, "staff:"), _ids(wanted, "key:")
    names = _names_by_actor(people, keys)
    return {actor: names.get(actor) or unknown_actor_name(actor) for actor in wanted}


def current_actor_name() -> str:
    """Return the display name of the current actor."""
    actor = current_actor().actor
    return actor_names([actor])[actor]


def list_actors(limit: int) -> Mapping[str, str]:
    """Return staff members and API keys of the current clinic as actors, sorted by name.

    If there are more than `limit`, active members come before former ones, and these before keys, the newest first.
    """
    members = select(Membership.member_id, Membership.name).where(Membership.clinic_id == current_clinic_id())
    latest = members.order_by(Membership.active.desc(), Membership.id.desc()).limit(limit)
    found = {f"staff:{one}": name for one, name in db.session.execute(latest)}
    keys = select(ApiKey.id, ApiKey.label).where(ApiKey.clinic_id == current_clinic_id())
    newest = keys.order_by(ApiKey.id.desc()).limit(limit - len(found))
    found |= {f"key:{one}": f"API key “{label}”" for one, label in db.session.execute(newest)}
    return dict(sorted(found.items(), key=lambda item: item[1].casefold()))


def staff_names(member_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return the names that people have in the current clinic, by account id."""
    return _names_of(select(Membership.member_id, Membership.name), Membership.member_id, member_ids)


def membership_names(membership_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return the names that people have in the current clinic, by membership id."""
    return _names_of(select(Membership.id, Membership.name), Membership.id, membership_ids)


def key_names(key_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return the labels of API keys of the current clinic, by id."""
    wanted = (ApiKey.clinic_id == current_clinic_id(), ApiKey.id.in_(set(key_ids)))
    return dict(db.session.execute(select(ApiKey.id, ApiKey.label).where(*wanted)).all())


def unknown_actor_name(actor: str) -> str:
    """Return the display name of an actor who is no staff member and no API key of the current clinic."""
    if actor.startswith("cli:"):
        return f"Command by {actor.removeprefix('cli:')}"
    if actor.startswith(IMPORT):
        return f"Import “{actor.removeprefix(IMPORT)}”"
    return _UNIDENTIFIED.get(actor, "Somebody of another clinic" if actor.startswith("staff:") else actor)


def _names_by_actor(member_ids: Sequence[UUID], key_ids: Sequence[UUID]) -> dict[str, str]:
    """Return the names of staff members and API keys by actor, in one query; without any there is none."""
    clinic_id = current_clinic_id()
    kinds = {
        "staff": (Membership.member_id, Membership.name, Membership.clinic_id, member_ids),
        "key": (ApiKey.id, ApiKey.label, ApiKey.clinic_id, key_ids),
    }
    queries = [
        select(literal(kind, String), column, name).where(clinic == clinic_id, column.in_(ids))
        for kind, (column, name, clinic, ids) in kinds.items()
        if ids
    ]
    found = db.session.execute(union_all(*queries)).all() if queries else ()
    return {f"{kind}:{id_}": f"API key “{name}”" if kind == "key" else name for kind, id_, name in found}


def _names_of(
    names: Select[UUID, str], column: InstrumentedAttribute[UUID], wanted: Iterable[UUID]
) -> Mapping[UUID, str]:
    of_clinic = Membership.clinic_id == current_clinic_id()
    return dict(db.session.execute(names.where(of_clinic, column.in_(set(wanted)))).all())


def _ids(actors: Iterable[str], kind: str) -> list[UUID]:
    return [UUID(actor.removeprefix(kind)) for actor in actors if actor.startswith(kind)]
