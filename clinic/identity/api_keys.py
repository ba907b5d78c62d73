"""API keys, with which programs authenticate: shown once, stored as a hash."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select

from clinic.core.clock import now
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import keep_loaded
from clinic.core.errors import Duplicate, InvalidInput, NotFound
from clinic.core.tenancy import clinic_scope, current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import ApiKey, Clinic
from clinic.identity.roles import ALL, permission_labels, scope_permissions
from clinic.identity.sessions import token_hash

PREFIX = "clk_"
MAX_LENGTH = 100
_USE_RECORDED_EVERY = timedelta(minutes=1)
_SHOWN_LENGTH = 12


class ApiKeyNotFound(NotFound):
    """The clinic has no such API key."""

    def __init__(self) -> None:
        super().__init__("There is no such API key")


class InvalidApiKey(InvalidInput):
    """An API key cannot be created with this input."""

    code = "invalid-api-key"


class LabelTaken(InvalidApiKey, Duplicate):
    """There is a valid API key of that name."""


class ApiKeyService:
    """The API keys of the current clinic."""

    def create(self, *, label: str, scopes: Sequence[str], expires_at: datetime | None = None) -> tuple[ApiKey, str]:
        """Create a key; return its record and the key itself, which is not stored.

        A key has no permission that the current actor lacks.

        :raises InvalidApiKey: if a scope has such a permission, or the expiry is in the past
        :raises LabelTaken: if there is a valid key of that name
        """
        _check_scopes(scopes)
        if expires_at is not None and expires_at <= now():
            raise InvalidApiKey("Choose a day in the future", field="expires_on")
        key = PREFIX + secrets.token_urlsafe(32)
        with unit_of_work():
            db.session.get_one(Clinic, current_clinic_id(), with_for_update={"key_share": True})
            if label in {other.label for other in self.list() if is_valid(other)}:
                raise LabelTaken("There is a key of that name: choose another", field="label")
            record = ApiKey(
                clinic_id=current_clinic_id(),
                label=label,
                beginning=key[:_SHOWN_LENGTH],
                key_hash=token_hash(key),
                scopes=[ALL] if ALL in scopes else sorted(set(scopes)),
                expires_at=expires_at,
            )
            db.session.add(record)
        return record, key

    def list(self) -> Sequence[ApiKey]:
        """Return the clinic's keys, the newest first."""
        return db.session.scalars(
            select(ApiKey).where(ApiKey.clinic_id == current_clinic_id()).order_by(ApiKey.id.desc())
        ).all()

    def get(self, key_id: UUID) -> ApiKey:
        """Return a key of the current clinic.

        :raises ApiKeyNotFound: if there is none with that id
        """
        record = db.session.get(ApiKey, key_id)
        if record is None or record.clinic_id != current_clinic_id():
            raise ApiKeyNotFound
        return record

    def identify(self, name: str) -> ApiKey:
        """Return the key with the id `name`, or the valid key with that label.

        :raises ApiKeyNotFound: if there is none
        """
        for record in self.list():
            if name == str(record.id) or (name == record.label and is_valid(record)):
                return record
        raise ApiKeyNotFound

    def revoke(self, key_id: UUID) -> ApiKey:
        """Revoke a key.

        :raises ApiKeyNotFound: if the clinic has none with that id
        """
        record = self.get(key_id)
        with unit_of_work():
            record.revoked_at = record.revoked_at or now()
        return record

    def authenticate(self, key: str) -> ApiKey | None:
        """Return the record of a valid key of any clinic, and record its use; None if the key is not valid."""
        if not key.startswith(PREFIX) or len(key) > MAX_LENGTH:
            return None
        found = db.session.execute(_BY_HASH, {"key_hash": token_hash(key)}).one_or_none()
        if found is None or not is_valid(found[0]):
            return None
        record, clinic = found
        keep_loaded(clinic)
        if record.last_used_at is None or now() - record.last_used_at >= _USE_RECORDED_EVERY:
            _record_use(record.id)
        return record


api_key_service = ApiKeyService()

_BY_HASH = prepared(
    select(ApiKey, Clinic)
    .join(Clinic, Clinic.id == ApiKey.clinic_id)
    .where(ApiKey.key_hash == bindparam("key_hash", type_=ApiKey.key_hash.type))
)


def is_valid(record: ApiKey) -> bool:
    """Return whether a key is neither revoked nor expired."""
    return record.revoked_at is None and (record.expires_at is None or record.expires_at > now())


def _record_use(key_id: UUID) -> None:
    """Record that a key is used now, in a session of its own: what the request has read need not be read again."""
    with clinic_scope(None), unit_of_work():
        db.session.get_one(ApiKey, key_id).last_used_at = now()


def _check_scopes(scopes: Sequence[str]) -> None:
    """Refuse scopes with permissions that the current actor does not have.

    :raises InvalidApiKey: if there are some
    """
    beyond = {name for name in scope_permissions(scopes) if not current_actor().has_permission(name)}
    if beyond:
        labels = "; ".join(label for name, label in permission_labels().items() if name in beyond)
        raise InvalidApiKey(f"You can't grant permissions that you do not have: {labels}", field="scopes")
