"""Open invitations to the current clinic.

People with an account in another clinic are listed alike, so that nobody learns that they have one.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from clinic.core.audit import record_act
from clinic.core.db import db
from clinic.core.tenancy import current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.accounts import queue_mail
from clinic.identity.mail_queue import LINK_LIVES
from clinic.identity.models import LoginSession, StaffMail
from clinic.identity.staff_directory import ClinicMember

INVITATION = "invitation"


class InvitationService:
    """The invitations of the current clinic."""

    def open(self) -> Mapping[UUID, datetime]:
        """Return the expiry of the latest invitation of each account that has never signed in here, by account id."""
        here = current_clinic_id()
        seen = select(LoginSession.member_id).where(LoginSession.clinic_id == here)
        latest = func.max(func.coalesce(StaffMail.sent_at, StaffMail.created_at))
        found = db.session.execute(
            select(StaffMail.member_id, latest)
            .where(StaffMail.kind == INVITATION, StaffMail.clinic_id == here, StaffMail.member_id.not_in(seen))
            .group_by(StaffMail.member_id)
        )
        return {member_id: sent_at + LINK_LIVES[INVITATION] for member_id, sent_at in found if member_id}

    def send_again(self, invited: ClinicMember) -> None:
        """Queue another invitation mail."""
        with unit_of_work():
            record_act("link-sent", "staff_members", invited.member.id)
            queue_mail(invited.member, INVITATION)


invitation_service = InvitationService()
