"""The page of the roles: their permissions, and who has them."""

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.identity.members import member_service
from clinic.identity.role_preview import role_preview_service
from clinic.identity.roles import ROLES, permission_labels
from clinic.identity.staff_directory import ClinicMember
from clinic.staff.pages.blueprint import blueprint
from clinic.web.authentication import current_session
from clinic.web.authorization import requires


@blueprint.get("/staff/roles")
@requires("staff:read")
def roles() -> ResponseReturnValue:
    """Show the permissions of each role."""
    labels = permission_labels()
    rows = [(label, [name in role.permissions for role in ROLES.values()]) for name, label in labels.items()]
    staff = [person for person in member_service.list() if person.membership.active]
    holders = [(role, [person for person in staff if person.membership.role == role.name]) for role in ROLES.values()]
    return render_template(
        "staff/roles.html",
        roles=ROLES.values(),
        rows=rows,
        holders=holders,
        denied=_denied,
        choices=role_preview_service.choices(current_session()),
    )


def _denied(person: ClinicMember) -> str:
    """Return the labels of the permissions that a staff member lacks although the role has them."""
    permitted = ROLES[person.membership.role].permissions
    return "; ".join(
        label for name, label in permission_labels().items() if name in permitted and name in person.membership.denied
    )
