"""Who works in a clinic, in which role; there is always an administrator left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.exc import IntegrityError

from clinic.core.clock import now
from clinic.core.database import db, unit_of_work
from clinic.core.errors import Conflict, Invalid, NotFound, Stale
from clinic.core.tenancy import current_clinic_id
from clinic.core.text import is_storable, nfc
from clinic.staff.models import Clinic, Membership, SignIn, StaffLetter, StaffMember
from clinic.staff.passwords import hash_password, new_secret
from clinic.staff.permissions import ADMINISTRATOR, PERMISSIONS, ROLES, permitted
from clinic.staff.sessions import session_service

SECRET_LIFE = timedelta(hours=72)
LONGEST_NAME = 200
NOT_AN_EMAIL = "Enter an e-mail address like name@example.org"


class MemberNotFound(NotFound):
    """Nobody of that id or address works in the clinic."""

    def __init__(self) -> None:
        super().__init__("There is no such staff member")


class InvalidMember(Invalid):
    """What was said of a staff member can't be."""

    code = "invalid-member"


class LastAdministrator(Conflict):
    """A clinic without an administrator could never get one again."""

    code = "last-administrator"

    def __init__(self) -> None:
        super().__init__("This is the clinic's last administrator: make somebody else administrator first")


@dataclass(frozen=True)
class Worker:
    """A staff member in one clinic, and when they were last seen in it."""

    membership: Membership
    member: StaffMember
    last_seen_at: datetime | None = None


class MemberService:
    """The staff of the clinic in force."""

    def create_admin(self, clinic_id: UUID, *, email: str, name: str = "") -> tuple[StaffMember, str | None]:
        """Make somebody administrator of a clinic; return the person, and their one-time secret if they are new.

        :raises InvalidMember: if the address is none
        """
        key = checked_email(email)
        with unit_of_work():
            member = self._found(key)
            secret = None if member else new_secret()
            if member is None:
                member = self._add(email, key)
                _give_secret(member, secret or "")
            membership = _membership(clinic_id, member.id)
            if membership is None:
                membership = Membership(clinic_id=clinic_id, member_id=member.id, name=name or _name_from(email))
                db.session.add(membership)
            membership.role, membership.denied, membership.active = ADMINISTRATOR, [], True
            session_service.end_all_of(member.id)
        return member, secret

    def invite(self, *, email: str, name: str, role: str) -> Worker:
        """Give a person a role in the clinic, and write to them how to sign in.

        :raises InvalidMember: with every problem, if there is one
        """
        key = _checked(email, name, role)
        try:
            with unit_of_work():
                member = self._found(key) or self._add(email, key)
                if _membership(current_clinic_id(), member.id):
                    raise InvalidMember("Somebody with this address works here already", field="email")
                membership = Membership(clinic_id=current_clinic_id(), member_id=member.id, name=nfc(name), role=role)
                db.session.add(membership)
                db.session.flush()
                self.write_to(member, "invitation")
        except IntegrityError as error:
            raise InvalidMember("Somebody with this address works here already", field="email") from error
        return Worker(membership, member)

    def write_to(self, member: StaffMember, kind: str) -> None:
        """Let the worker send a letter to a staff member, about the clinic in force."""
        db.session.add(StaffLetter(kind=kind, member_id=member.id, clinic_id=current_clinic_id()))

    def list(self) -> Sequence[Worker]:
        """Return who works in the clinic, those who left last."""
        found = db.session.execute(_workers().order_by(Membership.active.desc(), Membership.name, Membership.id))
        return [Worker(*row) for row in found]

    def get(self, membership_id: UUID) -> Worker:
        """Return somebody who works in the clinic.

        :raises MemberNotFound: if there is nobody of that id
        """
        row = db.session.execute(_workers().where(Membership.id == membership_id)).one_or_none()
        if row is None:
            raise MemberNotFound
        return Worker(*row)

    def administrators(self) -> Sequence[Membership]:
        """Return who may give others permissions."""
        return [worker.membership for worker in self.list() if _is_administrator(worker.membership)]

    def update(
        self, membership_id: UUID, *, version: int, name: str, role: str, denied: Sequence[str] = ()
    ) -> Membership:
        """Change somebody's name, role and what the role does not permit them; their sessions end.

        :raises MemberNotFound: if there is nobody of that id
        :raises Stale: if somebody else changed it meanwhile
        :raises LastAdministrator: if nobody else could give permissions any more
        """
        if problems := _problems(name=name, role=role, denied=denied):
            raise InvalidMember("This can't be saved like this", problems=problems)
        with unit_of_work():
            membership = self._locked(membership_id)
            if membership.version != version:
                raise Stale
            membership.name = nfc(name).strip()
            if (membership.role, set(membership.denied)) != (role, set(denied)):
                membership.role, membership.denied = role, sorted(set(denied))
                session_service.end_all_of(membership.member_id)
            self._keep_an_administrator()
        return membership

    def deactivate(self, membership_id: UUID) -> Membership:
        """End somebody's access to the clinic at once.

        :raises MemberNotFound: if there is nobody of that id
        :raises LastAdministrator: if nobody else could give permissions any more
        """
        with unit_of_work():
            membership = self._locked(membership_id)
            membership.active = False
            session_service.end_all_of(membership.member_id)
            self._keep_an_administrator()
        return membership

    def reactivate(self, membership_id: UUID) -> Membership:
        """Let somebody work in the clinic again.

        :raises MemberNotFound: if there is nobody of that id
        """
        with unit_of_work():
            membership = self._locked(membership_id)
            membership.active = True
        return membership

    def ask_for_new_password(self, membership_id: UUID) -> Worker:
        """Let the worker send a link by which a member of staff sets a new password.

        :raises MemberNotFound: if there is nobody of that id
        """
        worker = self.get(membership_id)
        with unit_of_work():
            self.write_to(worker.member, "reset" if worker.member.password_hash else "invitation")
        return worker

    def end_sessions(self, membership_id: UUID) -> int:
        """End all sessions of somebody who works in the clinic; return how many.

        :raises MemberNotFound: if there is nobody of that id
        """
        return session_service.end_all_of(self.get(membership_id).member.id)

    def named(self, email: str) -> Worker:
        """Return who works in the clinic under an e-mail address.

        :raises MemberNotFound: if nobody does
        """
        wanted = _workers().where(StaffMember.email_key == email_key(email))
        row = db.session.execute(wanted).one_or_none() if is_storable(email) else None
        if row is None:
            raise MemberNotFound
        return Worker(*row)

    def acting(self, email: str) -> tuple[str, frozenset[str]]:
        """Return who acts when a command is run for somebody, and what they may do.

        :raises MemberNotFound: if nobody works here under that address now
        """
        worker = self.named(email)
        if not worker.membership.active:
            raise MemberNotFound
        return f"staff:{worker.member.id}", permitted(worker.membership.role, worker.membership.denied)

    def reset_password(self, email: str) -> str:
        """Give a member of staff of the clinic a one-time secret instead of the password; their sessions end.

        :raises MemberNotFound: if nobody works here under that address
        """
        worker, secret = self.named(email), new_secret()
        with unit_of_work():
            member = db.session.get_one(StaffMember, worker.member.id, with_for_update=True)
            _give_secret(member, secret)
            session_service.end_all_of(member.id)
        return secret

    def _found(self, key: str) -> StaffMember | None:
        return db.session.scalar(select(StaffMember).where(StaffMember.email_key == key))

    def _add(self, email: str, key: str) -> StaffMember:
        member = StaffMember(email=nfc(email).strip(), email_key=key)
        db.session.add(member)
        db.session.flush()
        return member

    def _locked(self, membership_id: UUID) -> Membership:
        """Return a membership as it is now; who works in a clinic is changed by one at a time."""
        db.session.get_one(Clinic, current_clinic_id(), with_for_update=True)
        wanted = select(Membership).where(Membership.id == membership_id, _here()).with_for_update()
        membership = db.session.scalar(wanted.execution_options(populate_existing=True))
        if membership is None:
            raise MemberNotFound
        return membership

    def _keep_an_administrator(self) -> None:
        db.session.flush()
        if not self.administrators():
            raise LastAdministrator


member_service = MemberService()


def checked_email(email: str) -> str:
    """Return an e-mail address without regard to case.

    :raises InvalidMember: if it is none
    """
    if problem := _email_problem(email):
        raise InvalidMember(problem, field="email")
    return email_key(email)


def email_key(email: str) -> str:
    """Return an e-mail address as accounts are told apart by: without regard to case."""
    return nfc(email).strip().casefold()


def _checked(email: str, name: str, role: str) -> str:
    problems = _problems(name=name, role=role)
    if problem := _email_problem(email):
        problems = {"email": [problem], **problems}
    if problems:
        raise InvalidMember("This can't be saved like this", problems=problems)
    return email_key(email)


def _email_problem(email: str) -> str | None:
    try:
        validate_email(email.strip() if is_storable(email) else "", check_deliverability=False)
    except EmailNotValidError:
        return NOT_AN_EMAIL
    return None


def _problems(*, name: str, role: str, denied: Sequence[str] = ()) -> dict[str, list[str]]:
    checks = {
        "name": (is_storable(name) and 0 < len(name.strip()) <= LONGEST_NAME, "Enter the name"),
        "role": (role in ROLES, "Choose a role"),
        "denied": (set(denied) <= set(PERMISSIONS), "Choose among the permissions"),
    }
    return {field: [words] for field, (fine, words) in checks.items() if not fine}


def _name_from(email: str) -> str:
    return email.partition("@")[0].strip()


def _here() -> ColumnElement[bool]:
    return Membership.clinic_id == current_clinic_id()


def _membership(clinic_id: UUID, member_id: UUID) -> Membership | None:
    wanted = select(Membership).where(Membership.clinic_id == clinic_id, Membership.member_id == member_id)
    return db.session.scalar(wanted)


def _workers() -> Select[Membership, StaffMember, datetime]:
    seen = select(func.max(SignIn.seen_at)).where(
        SignIn.member_id == Membership.member_id, SignIn.clinic_id == Membership.clinic_id
    )
    return (
        select(Membership, StaffMember, seen.correlate(Membership).scalar_subquery())
        .join(StaffMember, StaffMember.id == Membership.member_id)
        .where(_here())
    )


def _is_administrator(membership: Membership) -> bool:
    return membership.active and membership.role == ADMINISTRATOR and "staff:write" not in membership.denied


def _give_secret(member: StaffMember, secret: str) -> None:
    member.password_hash, member.must_change_password = hash_password(secret), True
    member.password_expires_at = now() + SECRET_LIFE
