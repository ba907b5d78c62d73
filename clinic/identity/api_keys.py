"""API keys: how programs prove who they are; shown once, kept as a hash."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.errors import InvalidInput, NotFound
from clinic.core.tenancy import current_clinic_id
from clinic.core.text import is_storable, nfc
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import ApiKey, Clinic
from clinic.identity.roles import ALL, permission_labels, permission_names, scope_permissions
from clinic.identity.sessions import token_hash

PREFIX = "clk_"
NOTED_EVERY = timedelta(minutes=1)
LONGEST_LABEL = 100
LONGEST_KEY = 100
_BEGINNING = 12


class ApiKeyNotFound(NotFound):
    """The clinic has no such API key."""

    def __init__(self) -> None:
        super().__init__("There is no such API key")


class InvalidApiKey(InvalidInput):
    """An API key can't be made like this."""

    code = "invalid-api-key"


class ApiKeyService:
    """The API keys of the clinic in force."""

    def create(self, *, label: str, scopes: Sequence[str], expires_at: datetime | None = None) -> tuple[ApiKey, str]:
        """Make a key for programs; return its record and the key itself, which is never told again.

        The key opens no more than whoever makes it may do.

        :raises InvalidKey: with every problem, if there is one
        """
        if problems := _problems(label, scopes, expires_at):
            raise InvalidApiKey("The key can't be made like this", problems=problems)
        key = PREFIX + secrets.token_urlsafe(32)
        with unit_of_work():
            db.session.get_one(Clinic, current_clinic_id(), with_for_update={"key_share": True})
            if nfc(label).strip() in {other.label for other in self.list() if is_valid(other)}:
                raise InvalidApiKey("There is a key of that name: choose another", field="label")
            record = ApiKey(
                clinic_id=current_clinic_id(),
                label=nfc(label).strip(),
                beginning=key[:_BEGINNING],
                key_hash=token_hash(key),
                scopes=[ALL] if ALL in scopes else sorted(set(scopes)),
                expires_at=expires_at,
            )
            db.session.add(record)
        return record, key

    def list(self) -> Sequence[ApiKey]:
        """Return the clinic's keys, the latest made first."""
        return db.session.scalars(
            select(ApiKey).where(ApiKey.clinic_id == current_clinic_id()).order_by(ApiKey.id.desc())
        ).all()

    def get(self, key_id: UUID) -> ApiKey:
        """Return a key of the clinic in force.

        :raises KeyNotFound: if it has none of that id
        """
        record = db.session.get(ApiKey, key_id)
        if record is None or record.clinic_id != current_clinic_id():
            raise ApiKeyNotFound
        return record

    def identify(self, name: str) -> ApiKey:
        """Return the key whose id, or label while it opens something, is `name`.

        :raises KeyNotFound: if none is called so
        """
        for record in self.list():
            if name == str(record.id) or (name == record.label and is_valid(record)):
                return record
        raise ApiKeyNotFound

    def revoke(self, key_id: UUID) -> ApiKey:
        """Let a key open nothing any more.

        :raises KeyNotFound: if the clinic has none of that id
        """
        record = self.get(key_id)
        with unit_of_work():
            record.revoked_at = record.revoked_at or now()
        return record

    def authenticate(self, key: str) -> ApiKey | None:
        """Return the record of a key that opens something now, of whichever clinic, and note that it was used."""
        if not key.startswith(PREFIX) or len(key) > LONGEST_KEY:
            return None
        record = db.session.scalar(select(ApiKey).where(ApiKey.key_hash == token_hash(key)))
        if record is None or not is_valid(record):
            return None
        if record.last_used_at is None or now() - record.last_used_at >= NOTED_EVERY:
            with unit_of_work():
                record.last_used_at = now()
        return record


api_key_service = ApiKeyService()


def is_valid(record: ApiKey) -> bool:
    """Say whether a key opens anything: it is neither revoked nor expired."""
    return record.revoked_at is None and (record.expires_at is None or record.expires_at > now())


def _problems(label: str, scopes: Sequence[str], expires_at: datetime | None) -> dict[str, list[str]]:
    beyond = [
        words
        for name, words in permission_labels().items()
        if name in scope_permissions(scopes) and not current_actor().has_permission(name)
    ]
    known = bool(scopes) and set(scopes) <= {ALL, *permission_names()}
    checks = {
        "label": (is_storable(label) and 0 < len(label.strip()) <= LONGEST_LABEL, "Enter what the key is for"),
        "scopes": (known and not beyond, _about_scopes(known, beyond)),
        "expires_on": (expires_at is None or expires_at > now(), "Choose a day in the future"),
    }
    return {field: [words] for field, (fine, words) in checks.items() if not fine}


def _about_scopes(known: bool, beyond: Sequence[str]) -> str:
    if not known:
        return f"Choose among: {ALL}, {', '.join(permission_names())}"
    return f"You can't give what you may not do yourself: {'; '.join(beyond)}"
