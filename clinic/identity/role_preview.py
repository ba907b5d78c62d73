"""Read-only preview of the application as another role sees it."""

from collections.abc import Sequence

from clinic.core.audit import record_act
from clinic.core.errors import InvalidInput
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.roles import ROLES, Role
from clinic.identity.sessions import Session, session_service


class RoleNotAllowed(InvalidInput):
    """The role has permissions that the person lacks."""

    code = "role-beyond"

    def __init__(self) -> None:
        super().__init__("Choose a role without permissions that you do not have", field="role")


class RolePreviewService:
    """Role previews of login sessions."""

    def choices(self, session: Session) -> Sequence[Role]:
        """Return the other roles that a person can preview: those without permissions that the person lacks.

        During a preview there are none.
        """
        if session.sign_in.seen_as is not None:
            return []
        others = (role for role in ROLES.values() if role.name != session.membership.role)
        return [role for role in others if role.permissions <= session.permissions]

    def start(self, session: Session, role: str) -> str:
        """Start the preview of a role; return the session's new token.

        :raises RoleNotAllowed: if the role has permissions that the person lacks
        """
        if not ROLES[role].permissions <= session.permissions:
            raise RoleNotAllowed
        with unit_of_work():
            record_act("seen-as", "staff_members", session.member.id, role=role)
            return session_service.change_token(session.sign_in.id, seen_as=role)

    def stop(self, session: Session) -> str:
        """End the preview; return the session's new token."""
        return session_service.change_token(session.sign_in.id)


role_preview_service = RolePreviewService()
