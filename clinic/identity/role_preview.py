"""Seeing the app as people in another role do, without changing anything."""

from collections.abc import Sequence

from clinic.core.audit import record_act
from clinic.core.errors import InvalidInput
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.roles import ROLES, Role
from clinic.identity.sessions import Session, session_service


class RoleNotAllowed(InvalidInput):
    """What the role sees is not for the person's eyes."""

    code = "role-beyond"

    def __init__(self) -> None:
        super().__init__("Choose a role that may do nothing that you may not", field="role")


class RolePreviewService:
    """Who sees the app as which role."""

    def choices(self, session: Session) -> Sequence[Role]:
        """Return the other roles of which everything is permitted to a person, so that they see just what those see.

        There is no choice while they see the app as one already.
        """
        if session.sign_in.seen_as is not None:
            return []
        others = (role for role in ROLES.values() if role.name != session.membership.role)
        return [role for role in others if role.permissions <= session.permissions]

    def start(self, session: Session, role: str) -> str:
        """Let a person see the app as a role; return their session's new token.

        :raises RoleBeyond: if it may do what the person may not
        """
        if not ROLES[role].permissions <= session.permissions:
            raise RoleNotAllowed
        with unit_of_work():
            record_act("seen-as", "staff_members", session.member.id, role=role)
            return session_service.change_token(session.sign_in.id, seen_as=role)

    def stop(self, session: Session) -> str:
        """Let a person see the app as themselves again; return their session's new token."""
        return session_service.change_token(session.sign_in.id)


role_preview_service = RolePreviewService()
