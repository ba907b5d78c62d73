"""Sessions of people who have signed in: rows on the server, so that each can be ended at once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic, LoginSession, Membership, StaffMember
from clinic.identity.roles import ROLES, role_permissions

NOTED_EVERY = timedelta(minutes=1)
"""So seldom is it noted that a session was used, at the most; an idle limit is kept to this, on the strict side."""

WARNED_BEFORE = timedelta(minutes=2)
"""So long before its end people are warned, at the most (WCAG 2.2.1)."""

KEPT_FOR = timedelta(days=30)
SIGNED_OUT, IDLE, TOO_LONG, ENDED = "signed-out", "idle", "too-long", "ended"


@dataclass(frozen=True)
class Session:
    """A session that is alive: who, in which clinic, in which role there."""

    sign_in: LoginSession
    member: StaffMember
    membership: Membership
    clinic: Clinic

    @property
    def permissions(self) -> frozenset[str]:
        """What the person may do here and now; nothing before the sign-in is complete.

        Who sees the app as another role may do no more than that one, nor more than what is their own.
        """
        if self.sign_in.second_step_due or self.member.must_change_password:
            return frozenset()
        own = role_permissions(self.membership.role, self.membership.denied)
        return own if self.sign_in.seen_as is None else own & role_permissions(self.sign_in.seen_as)

    @property
    def role_label(self) -> str:
        """What the person's work is called."""
        return ROLES[self.membership.role].label

    @property
    def seen_as_label(self) -> str | None:
        """What the role is called as which the person sees the app, if they do."""
        return ROLES[self.sign_in.seen_as].label if self.sign_in.seen_as else None

    @property
    def end(self) -> "End":
        """When it ends unless it is used."""
        return _end(self.sign_in, self.clinic)


@dataclass(frozen=True)
class End:
    """When a session ends, and because of which of the clinic's limits (ASVS 7.3)."""

    at: datetime
    because: str
    idle: timedelta

    @property
    def is_reached(self) -> bool:
        """Whether the session has ended."""
        return self.at <= now()

    @property
    def seconds(self) -> int:
        """How long the session goes on."""
        return max(_whole_seconds(self.at - now()), 0)

    @property
    def seconds_to_warning(self) -> int:
        """How long it takes until its owner should be warned."""
        return max(self.seconds - _whole_seconds(min(WARNED_BEFORE, self.idle / 2)), 0)

    @property
    def seconds_to_look(self) -> int:
        """After how long a page should ask: the same for all that use the session, unless its longest time is near."""
        least_left = self.idle - min(WARNED_BEFORE, self.idle / 2) - _noted_every(self.idle)
        return min(self.seconds_to_warning, _whole_seconds(least_left))

    @property
    def can_wait(self) -> bool:
        """Whether the session goes on for longer if it is used."""
        return self.because == IDLE


class SessionService:
    """The sessions of all staff members."""

    def start(
        self, member_id: UUID, clinic_id: UUID, *, address: str, agent: str, second_step_due: bool = False
    ) -> str:
        """Begin a session and return its token, which is told to nobody else."""
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
        """Return the session of a token, if it is alive; `renew` notes that it was used."""
        found = self._find(LoginSession.token_hash == token_hash(token))
        if found is None:
            return None
        if found.end.is_reached:
            self._end([found.sign_in.id], found.end.because)
            return None
        if renew and now() - found.sign_in.seen_at >= _noted_every(found.end.idle):
            self._note_use(found)
        return found

    def ended(self, token: str) -> LoginSession | None:
        """Return the row of a session that has ended, or None."""
        return db.session.scalar(
            select(LoginSession).where(LoginSession.token_hash == token_hash(token), LoginSession.ended_at.is_not(None))
        )

    def change_token(
        self, sign_in_id: UUID, *, clinic_id: UUID | None = None, complete: bool = False, seen_as: str | None = None
    ) -> str:
        """Give a session a new token, as whenever what it may do has changed; the old one is worth nothing.

        Unless it is said again, the person sees the app as themselves from now on.
        """
        token = secrets.token_urlsafe(32)
        with unit_of_work():
            sign_in = db.session.get_one(LoginSession, sign_in_id)
            sign_in.token_hash = token_hash(token)
            sign_in.clinic_id = clinic_id or sign_in.clinic_id
            sign_in.second_step_due = sign_in.second_step_due and not complete
            sign_in.seen_as = seen_as
        return token

    def alive_of(self, member_id: UUID, *, in_clinic: UUID | None = None) -> Sequence[LoginSession]:
        """Return a person's sessions that have not ended, maybe those in one clinic, the latest used first."""
        wanted = select(LoginSession, Clinic).join(Clinic, Clinic.id == LoginSession.clinic_id)
        found = db.session.execute(wanted.where(*_open(member_id, in_clinic)).order_by(LoginSession.seen_at.desc()))
        return [sign_in for sign_in, clinic in found if not _end(sign_in, clinic).is_reached]

    def end(self, sign_in_id: UUID, *, of_member: UUID, because: str = ENDED) -> None:
        """End one of a person's sessions.

        :raises NotFound: if the person has no such session
        """
        sign_in = db.session.get(LoginSession, sign_in_id)
        if sign_in is None or sign_in.member_id != of_member:
            raise NotFound("There is no such session")
        self._end([sign_in_id], because)

    def end_all_of(
        self, member_id: UUID, *, besides: UUID | None = None, in_clinic: UUID | None = None, because: str = ENDED
    ) -> int:
        """End every session of a person, maybe those in one clinic, but for one; return how many."""
        with unit_of_work():
            wanted = select(LoginSession.id).where(*_open(member_id, in_clinic))
            ids = [found for found in db.session.scalars(wanted) if found != besides]
            self._end(ids, because)
        return len(ids)

    def forget_old(self) -> int:
        """Delete sessions that nobody has used for a month; return 0, as nothing more is due."""
        with unit_of_work():
            db.session.execute(delete(LoginSession).where(LoginSession.seen_at < now() - KEPT_FOR))
        return 0

    def _find(self, which: ColumnElement[bool]) -> Session | None:
        wanted = (
            select(LoginSession, StaffMember, Membership, Clinic)
            .join(StaffMember, StaffMember.id == LoginSession.member_id)
            .join(Clinic, Clinic.id == LoginSession.clinic_id)
            .join(
                Membership,
                and_(Membership.member_id == LoginSession.member_id, Membership.clinic_id == LoginSession.clinic_id),
            )
        )
        alive = (LoginSession.ended_at.is_(None), Membership.active)
        row = db.session.execute(wanted.where(which, *alive)).one_or_none()
        return Session(*row) if row else None

    def _note_use(self, session: Session) -> None:
        with unit_of_work():
            session.sign_in.seen_at = now()

    def _end(self, ids: Sequence[UUID], because: str) -> None:
        with unit_of_work():
            for sign_in in db.session.scalars(
                select(LoginSession).where(LoginSession.id.in_(ids), LoginSession.ended_at.is_(None))
            ):
                sign_in.ended_at, sign_in.ended_because = now(), because


session_service = SessionService()


def token_hash(token: str) -> str:
    """Return what is kept of a token of 256 random bits: they need no salt and no slow hash."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _open(member_id: UUID, clinic_id: UUID | None) -> list[ColumnElement[bool]]:
    found = [LoginSession.member_id == member_id, LoginSession.ended_at.is_(None)]
    return found if clinic_id is None else [*found, LoginSession.clinic_id == clinic_id]


def _noted_every(idle: timedelta) -> timedelta:
    return min(NOTED_EVERY, idle / 4)


def _whole_seconds(time: timedelta) -> int:
    return int(time.total_seconds())


def _end(sign_in: LoginSession, clinic: Clinic) -> End:
    """Return when a session ends unless it is used; of two limits at once the one that is reached by waiting."""
    idle, longest = timedelta(minutes=clinic.idle_minutes), timedelta(hours=clinic.absolute_hours)
    ends = (End(sign_in.seen_at + idle, IDLE, idle), End(sign_in.created_at + longest, TOO_LONG, idle))
    return min(ends, key=attrgetter("at"))
