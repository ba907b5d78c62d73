"""Forms that were sent after the session had ended, stored for half an hour for the same person."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, delete, or_, select

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import LoginSession, SavedForm
from clinic.identity.sessions import IDLE, TOO_LONG, Session

RETENTION = timedelta(minutes=30)
MAX_PER_PERSON = 5
_EXPIRED = {IDLE, TOO_LONG}
_SECRET = ("password", "secret", "code", "token", "csrf")
_HIDDEN_FIELDS = {"_clinic", "_kept"}


class SavedFormService:
    """The saved forms of all staff members."""

    def save(
        self, past: LoginSession, address: str, fields: Iterable[tuple[str, str]], *, replaces: UUID | None = None
    ) -> bool:
        """Save a form for the person of an ended session, without its secrets; return whether it was saved.

        `replaces` is the id of an earlier saved form. A form is saved only after a session that has recently expired:
        one that somebody ended may have been in the wrong hands.
        """
        if past.ended_because not in _EXPIRED or past.ended_at is None or past.ended_at <= now() - RETENTION:
            return False
        saved = [[name, value] for name, value in fields if _is_saved(name)]
        with unit_of_work():
            of_person = select(SavedForm.id).where(SavedForm.member_id == past.member_id).order_by(SavedForm.id.desc())
            surplus = db.session.scalars(of_person.offset(MAX_PER_PERSON - 1)).all()
            before = and_(SavedForm.id == replaces, SavedForm.member_id == past.member_id)
            db.session.execute(delete(SavedForm).where(or_(SavedForm.id.in_(surplus), before)))
            db.session.add(
                SavedForm(member_id=past.member_id, clinic_id=past.clinic_id, address=address[:2000], fields=saved)
            )
        return True

    def find_latest(self, session: Session) -> SavedForm | None:
        """Return the latest saved form of a person in their current clinic, or None."""
        of_person = (SavedForm.member_id == session.member.id, SavedForm.clinic_id == session.clinic.id)
        wanted = select(SavedForm).where(*of_person, SavedForm.created_at > now() - RETENTION)
        return db.session.scalar(wanted.order_by(SavedForm.id.desc()).limit(1))

    def delete(self, session: Session, form_id: UUID) -> None:
        """Delete a saved form of a person."""
        with unit_of_work():
            db.session.execute(
                delete(SavedForm).where(SavedForm.id == form_id, SavedForm.member_id == session.member.id)
            )

    def delete_old(self) -> int:
        """Delete expired forms; return 0, as nothing is left to do."""
        with unit_of_work():
            db.session.execute(delete(SavedForm).where(SavedForm.created_at <= now() - RETENTION))
        return 0


saved_form_service = SavedFormService()


def _is_saved(name: str) -> bool:
    return name not in _HIDDEN_FIELDS and not any(word in name.lower() for word in _SECRET)
