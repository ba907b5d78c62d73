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
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import ApiKey, Clinic
from clinic.identity.roles import ALL, permission_labels, scope_permissions
from clinic.identity.sessions import token_hash

PREFIX = "clk_"
NOTED_EVERY = timedelta(minutes=1)
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
        _check_scopes(scopes)
        if expires_at is not None and expires_at <= now():
            raise InvalidApiKey("Choose a day in the future", field="expires_on")
        key = PREFIX + secrets.token_urlsafe(32)
        with unit_of_work():
            db.session.get_one(Clinic, current_clinic_id(), with_for_update={"key_share": True})
            if label in {other.label for other in self.list() if is_valid(other)}:
                raise InvalidApiKey("There is a key of that name: choose another", field="label")
            record = ApiKey(
                clinic_id=current_clinic_id(),
                label=label,
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


def _check_scopes(scopes: Sequence[str]) -> None:
    """Refuse scopes with permissions that the current actor does not have.

    :raises InvalidApiKey: if there are some
    """
    beyond = {name for name in scope_permissions(scopes) if not current_actor().has_permission(name)}
    if beyond:
        labels = "; ".join(label for name, label in permission_labels().items() if name in beyond)
        raise InvalidApiKey(f"You can't give what you may not do yourself: {labels}", field="scopes")
