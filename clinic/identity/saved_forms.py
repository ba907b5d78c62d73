"""Forms that were sent after a session had ended: kept for half an hour, for the same person."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, delete, or_, select

from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import LoginSession, SavedForm
from clinic.identity.sessions import IDLE, TOO_LONG, Session

KEPT_FOR = timedelta(minutes=30)
MOST_PER_PERSON = 5
_LIMITS = {IDLE, TOO_LONG}
_SECRET = ("password", "secret", "code", "token", "csrf")
_NOT_TYPED = {"_clinic", "_kept"}


class SavedFormService:
    """What people had typed when their session ended."""

    def keep(
        self, past: LoginSession, address: str, fields: Iterable[tuple[str, str]], *, replaces: UUID | None = None
    ) -> bool:
        """Keep a form for the person whose session it was, maybe instead of one before; what is secret is left out.

        Only for a session that has just reached a limit: one that somebody ended may have been in wrong hands.
        """
        if past.ended_because not in _LIMITS or past.ended_at is None or past.ended_at <= now() - KEPT_FOR:
            return False
        kept = [[name, value] for name, value in fields if _is_kept(name)]
        with unit_of_work():
            mine = select(SavedForm.id).where(SavedForm.member_id == past.member_id).order_by(SavedForm.id.desc())
            surplus = db.session.scalars(mine.offset(MOST_PER_PERSON - 1)).all()
            before = and_(SavedForm.id == replaces, SavedForm.member_id == past.member_id)
            db.session.execute(delete(SavedForm).where(or_(SavedForm.id.in_(surplus), before)))
            db.session.add(
                SavedForm(member_id=past.member_id, clinic_id=past.clinic_id, address=address[:2000], fields=kept)
            )
        return True

    def latest_of(self, session: Session) -> SavedForm | None:
        """Return the form that was kept last for a person in the clinic they are in, if there is one."""
        mine = (SavedForm.member_id == session.member.id, SavedForm.clinic_id == session.clinic.id)
        wanted = select(SavedForm).where(*mine, SavedForm.created_at > now() - KEPT_FOR)
        return db.session.scalar(wanted.order_by(SavedForm.id.desc()).limit(1))

    def forget(self, session: Session, form_id: UUID) -> None:
        """Forget a form of a person, once it has been sent again or is not wanted."""
        with unit_of_work():
            db.session.execute(
                delete(SavedForm).where(SavedForm.id == form_id, SavedForm.member_id == session.member.id)
            )

    def forget_old(self) -> int:
        """Delete what was kept long enough; return 0, as nothing more is due."""
        with unit_of_work():
            db.session.execute(delete(SavedForm).where(SavedForm.created_at <= now() - KEPT_FOR))
        return 0


saved_form_service = SavedFormService()


def _is_kept(name: str) -> bool:
    return name not in _NOT_TYPED and not any(word in name.lower() for word in _SECRET)
