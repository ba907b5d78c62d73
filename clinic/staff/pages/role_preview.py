"""Seeing the app as people in another role do."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.core.errors import InvalidInput
from clinic.identity.role_preview import role_preview_service
from clinic.identity.roles import role_label
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.pages.login_cookie import set_login_token
from clinic.staff.schemas import SeeForm
from clinic.web.authentication import current_session
from clinic.web.authorization import login_required, requires
from clinic.web.form_summary import form_summary, labelled_rows
from clinic.web.forms import load_form


@blueprint.post("/staff/seeing")
@requires("staff:read")
@form_summary("Look at the app as another role", labelled_rows({"role": "Role"}, role=role_label))
def see_as_role() -> ResponseReturnValue:
    """Show the app as a role sees it, from now on."""
    form = load_form(SeeForm())
    if form.errors:
        raise InvalidInput("There is no such role", problems=form.errors)
    set_login_token(role_preview_service.start(current_session(), **form.data), same_person=True)
    return redirect(url_for(".home"), 303)


@blueprint.post("/staff/seeing/end")
@login_required
def see_as_oneself() -> ResponseReturnValue:
    """Show the app as before."""
    set_login_token(role_preview_service.stop(current_session()), same_person=True)
    flash("You see the app as yourself again")
    return redirect(url_for(".home"), 303)
