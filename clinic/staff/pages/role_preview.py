"""Role preview: viewing the app as a user with another role."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.core.errors import InvalidInput
from clinic.identity.role_preview import role_preview_service
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.pages.login_cookie import set_login_token
from clinic.staff.schemas import SeeForm
from clinic.web.authentication import current_session
from clinic.web.authorization import login_required, requires
from clinic.web.forms import load_form, posted_from


@blueprint.route("/staff/seeing", methods=["GET", "POST"])
@requires("staff:read")
@posted_from(".roles")
def see_as_role() -> ResponseReturnValue:
    """Start to preview a role."""
    form = load_form(SeeForm())
    if form.errors:
        raise InvalidInput("There is no such role", problems=form.errors)
    set_login_token(role_preview_service.start(current_session(), **form.data), same_person=True)
    return redirect(url_for(".home"), 303)


@blueprint.route("/staff/seeing/end", methods=["GET", "POST"])
@login_required
@posted_from(".home")
def see_as_oneself() -> ResponseReturnValue:
    """Stop the preview."""
    set_login_token(role_preview_service.stop(current_session()), same_person=True)
    flash("You are viewing the app as yourself again")
    return redirect(url_for(".home"), 303)
