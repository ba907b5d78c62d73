"""The page of the roles: their permissions, and who has them."""

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.identity.clinics import clinic_service
from clinic.identity.members import member_service
from clinic.identity.role_preview import role_preview_service
from clinic.identity.roles import DESK, OVERBOOK, ROLES, permission_labels, role_permissions
from clinic.identity.staff_directory import ClinicMember
from clinic.staff.pages.blueprint import blueprint
from clinic.web.authentication import current_session
from clinic.web.authorization import requires


@blueprint.get("/staff/roles")
@requires("staff:read")
def roles() -> ResponseReturnValue:
    """Show the permissions of each role."""
    labels, desk_overbooks = permission_labels(), clinic_service.current().desk_overbooks
    rows = [
        (label, [name in role_permissions(role, desk_overbooks=desk_overbooks) for role in ROLES])
        for name, label in labels.items()
    ]
    staff = [person for person in member_service.list() if person.membership.active]
    holders = [(role, [person for person in staff if person.membership.role == role.name]) for role in ROLES.values()]
    return render_template(
        "staff/roles.html",
        roles=ROLES.values(),
        rows=rows,
        holders=holders,
        denied=_denied,
        overbook_label=labels[OVERBOOK],
        desk_label=ROLES[DESK].label,
        desk_overbooks=desk_overbooks,
        choices=role_preview_service.choices(current_session()),
    )


def _denied(person: ClinicMember) -> str:
    """Return the labels of the permissions that a staff member lacks although the role has them."""
    permitted = role_permissions(person.membership.role, desk_overbooks=person.desk_overbooks)
    return "; ".join(
        label for name, label in permission_labels().items() if name in permitted and name in person.membership.denied
    )
