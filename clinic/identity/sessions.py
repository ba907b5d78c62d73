"""Login sessions: rows on the server, so that each can be ended at once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.errors import NotFound
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic, LoginSession, Membership, StaffMember
from clinic.identity.roles import ROLES, role_permissions

USE_RECORDED_EVERY = timedelta(minutes=1)
"""The precision of `seen_at`: the idle timeout may come this much early."""

WARNING_TIME = timedelta(minutes=2)
"""The longest time between the warning and the end of a session (WCAG 2.2.1)."""

RETENTION = timedelta(days=30)
SIGNED_OUT, IDLE, TOO_LONG, ENDED = "signed-out", "idle", "too-long", "ended"


@dataclass(frozen=True)
class Session:
    """An open login session with its account, membership and clinic."""

    sign_in: LoginSession
    member: StaffMember
    membership: Membership
    clinic: Clinic

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions of this session; none before the login is complete.

        The preview of another role has those that both the person and the role have.
        """
        if self.sign_in.second_step_due or self.member.must_change_password:
            return frozenset()
        desk_overbooks = self.clinic.desk_overbooks
        own = role_permissions(self.membership.role, self.membership.denied, desk_overbooks=desk_overbooks)
        seen_as = self.sign_in.seen_as
        return own if seen_as is None else own & role_permissions(seen_as, desk_overbooks=desk_overbooks)

    @property
    def role_label(self) -> str:
        """The label of the person's role."""
        return ROLES[self.membership.role].label

    @property
    def seen_as_label(self) -> str | None:
        """The label of the role that is previewed, if one is."""
        return ROLES[self.sign_in.seen_as].label if self.sign_in.seen_as else None

    @property
    def end(self) -> "Expiry":
        """When it expires unless it is used."""
        return _end(self.sign_in, self.clinic)


@dataclass(frozen=True)
class Expiry:
    """When a session expires, and by which of the clinic's limits (ASVS 7.3)."""

    at: datetime
    because: str
    idle: timedelta

    @property
    def is_reached(self) -> bool:
        """Whether the session has expired."""
        return self.at <= now()

    @property
    def seconds(self) -> int:
        """The seconds until it expires."""
        return max(_whole_seconds(self.at - now()), 0)

    @property
    def seconds_to_warning(self) -> int:
        """The seconds until the person should be warned."""
        return max(self.seconds - _whole_seconds(min(WARNING_TIME, self.idle / 2)), 0)

    @property
    def seconds_to_poll(self) -> int:
        """The seconds after which a page asks again: the same for every page, unless the maximum length is near."""
        idle_left = self.idle - min(WARNING_TIME, self.idle / 2) - _use_recorded_every(self.idle)
        return min(self.seconds_to_warning, _whole_seconds(idle_left))

    @property
    def can_wait(self) -> bool:
        """Whether using the session postpones its expiry."""
        return self.because == IDLE


class SessionService:
    """The sessions of all staff members."""

    def start(
        self, member_id: UUID, clinic_id: UUID, *, address: str, agent: str, second_step_due: bool = False
    ) -> str:
        """Start a session and return its token, which is not stored."""
        token = secrets.token_urlsafe(32)
        with unit_of_work():
            db.session.add(
                LoginSession(
                    token_hash=token_hash(token),
                    member_id=member_id,
                    clinic_id=clinic_id,
                    second_step_due=second_step_due,
                    address=address[:64],
                    agent=agent[:200],
                )
            )
        return token

    def find(self, token: str, *, renew: bool = True) -> Session | None:
        """Return the open session of a token, or None; `renew` records a use."""
        found = self._find(_BY_TOKEN, token_hash(token))
        if found is None:
            return None
        if found.end.is_reached:
            self._end([found.sign_in.id], found.end.because)
            return None
        if renew and now() - found.sign_in.seen_at >= _use_recorded_every(found.end.idle):
            self._record_use(found)
        return found

    def find_ended(self, token: str) -> LoginSession | None:
        """Return the ended session of a token, or None."""
        return db.session.scalar(
            select(LoginSession).where(LoginSession.token_hash == token_hash(token), LoginSession.ended_at.is_not(None))
        )

    def change_token(
        self, sign_in_id: UUID, *, clinic_id: UUID | None = None, complete: bool = False, seen_as: str | None = None
    ) -> str:
        """Replace the token of a session, as after every change of its permissions; return the new one.

        A role preview ends unless `seen_as` names it again.
        """
        token = secrets.token_urlsafe(32)
        with unit_of_work():
            sign_in = db.session.get_one(LoginSession, sign_in_id)
            sign_in.token_hash = token_hash(token)
            sign_in.clinic_id = clinic_id or sign_in.clinic_id
            sign_in.second_step_due = sign_in.second_step_due and not complete
            sign_in.seen_as = seen_as
            self._find(_BY_ID, sign_in_id)  # an answer shows the session after the commit, and reads nothing
        return token

    def list_open(self, member_id: UUID, *, clinic_id: UUID | None = None) -> Sequence[LoginSession]:
        """Return a person's open sessions, in one clinic or in all, the latest used first."""
        wanted = select(LoginSession, Clinic).join(Clinic, Clinic.id == LoginSession.clinic_id)
        found = db.session.execute(wanted.where(*_open(member_id, clinic_id)).order_by(LoginSession.seen_at.desc()))
        return [sign_in for sign_in, clinic in found if not _end(sign_in, clinic).is_reached]

    def end(self, sign_in_id: UUID, *, of_member: UUID, because: str = ENDED) -> None:
        """End one of a person's sessions.

        :raises NotFound: if the person has no such session
        """
        sign_in = db.session.get(LoginSession, sign_in_id)
        if sign_in is None or sign_in.member_id != of_member:
            raise NotFound("There is no such session")
        self._end([sign_in_id], because)

    def end_all(
        self, member_id: UUID, *, besides: UUID | None = None, clinic_id: UUID | None = None, because: str = ENDED
    ) -> int:
        """End the sessions of a person, in one clinic or in all, except one; return their number."""
        with unit_of_work():
            wanted = select(LoginSession.id).where(*_open(member_id, clinic_id))
            ids = [found for found in db.session.scalars(wanted) if found != besides]
            self._end(ids, because)
        return len(ids)

    def delete_old(self) -> int:
        """Delete sessions that were not used for a month; return 0, as nothing is left to do."""
        with unit_of_work():
            db.session.execute(delete(LoginSession).where(LoginSession.seen_at < now() - RETENTION))
        return 0

    def _find(self, wanted: Select[LoginSession, StaffMember, Membership, Clinic], value: Any) -> Session | None:
        row = db.session.execute(wanted, {_VALUE: value}).one_or_none()
        return Session(*row) if row else None

    def _record_use(self, session: Session) -> None:
        with unit_of_work():
            session.sign_in.seen_at = now()

    def _end(self, ids: Sequence[UUID], because: str) -> None:
        with unit_of_work():
            for sign_in in db.session.scalars(
                select(LoginSession).where(LoginSession.id.in_(ids), LoginSession.ended_at.is_(None))
            ):
                sign_in.ended_at, sign_in.ended_because = now(), because


session_service = SessionService()

_VALUE = "value"


def _open_session(column: InstrumentedAttribute[Any]) -> Select[LoginSession, StaffMember, Membership, Clinic]:
    """Return the statement for the open session with a value of a column, and for whose it is and where."""
    of_member_here = (Membership.member_id == LoginSession.member_id, Membership.clinic_id == LoginSession.clinic_id)
    wanted = (
        select(LoginSession, StaffMember, Membership, Clinic)
        .join(StaffMember, StaffMember.id == LoginSession.member_id)
        .join(Clinic, Clinic.id == LoginSession.clinic_id)
        .join(Membership, and_(*of_member_here))
        .where(column == bindparam(_VALUE, type_=column.type), LoginSession.ended_at.is_(None), Membership.active)
    )
    return prepared(wanted)


_BY_TOKEN, _BY_ID = _open_session(LoginSession.token_hash), _open_session(LoginSession.id)


def token_hash(token: str) -> str:
    """Return the hash of a token of 256 random bits, which needs no salt and no slow hash."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _open(member_id: UUID, clinic_id: UUID | None) -> list[ColumnElement[bool]]:
    found = [LoginSession.member_id == member_id, LoginSession.ended_at.is_(None)]
    return found if clinic_id is None else [*found, LoginSession.clinic_id == clinic_id]


def _use_recorded_every(idle: timedelta) -> timedelta:
    return min(USE_RECORDED_EVERY, idle / 4)


def _whole_seconds(time: timedelta) -> int:
    return int(time.total_seconds())


def _end(sign_in: LoginSession, clinic: Clinic) -> Expiry:
    """Return when a session expires unless it is used; by the idle timeout if both limits come at once."""
    idle, longest = timedelta(minutes=clinic.idle_minutes), timedelta(hours=clinic.absolute_hours)
    ends = (Expiry(sign_in.seen_at + idle, IDLE, idle), Expiry(sign_in.created_at + longest, TOO_LONG, idle))
    return min(ends, key=attrgetter("at"))
