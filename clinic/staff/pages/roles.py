"""What each role may do, in plain words, and who has it."""

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.identity.members import member_service
from clinic.identity.role_preview import role_preview_service
from clinic.identity.roles import ROLES, permission_labels
from clinic.identity.staff_directory import ClinicMember
from clinic.staff.pages.blueprint import blueprint
from clinic.web.authentication import the_session
from clinic.web.authorization import requires


@blueprint.get("/staff/roles")
@requires("staff:read")
def roles() -> ResponseReturnValue:
    """Show which role permits what."""
    labels = permission_labels()
    rows = [(label, [name in role.permissions for role in ROLES.values()]) for name, label in labels.items()]
    workers = [worker for worker in member_service.list() if worker.membership.active]
    holders = [(role, [worker for worker in workers if worker.membership.role == role.name]) for role in ROLES.values()]
    return render_template(
        "staff/roles.html",
        roles=ROLES.values(),
        rows=rows,
        holders=holders,
        denied=_denied,
        choices=role_preview_service.choices(the_session()),
    )


def _denied(worker: ClinicMember) -> str:
    """Return what is denied to somebody although the role permits it, in plain words."""
    permitted = ROLES[worker.membership.role].permissions
    return "; ".join(
        words for name, words in permission_labels().items() if name in permitted and name in worker.membership.denied
    )
