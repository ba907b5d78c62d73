"""Seeing the app as people in another role do."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.core.errors import Invalid
from clinic.staff.pages.frame import blueprint
from clinic.staff.pages.gate import the_session
from clinic.staff.pages.tokens import change_to
from clinic.staff.schemas import SeeForm
from clinic.staff.service import role_label, seeing_service
from clinic.web.access import requires, signed_in
from clinic.web.forms import load_form
from clinic.web.wording import by_label, worded


@blueprint.post("/staff/seeing")
@requires("staff:read")
@worded("Look at the app as another role", by_label({"role": "Role"}, role=role_label))
def see_as_role() -> ResponseReturnValue:
    """Show the app as a role sees it, from now on."""
    form = load_form(SeeForm())
    if form.errors:
        raise Invalid("There is no such role", problems=form.errors)
    change_to(seeing_service.start(the_session(), **form.data), same_person=True)
    return redirect(url_for(".home"), 303)


@blueprint.post("/staff/seeing/end")
@signed_in
def see_as_oneself() -> ResponseReturnValue:
    """Show the app as before."""
    change_to(seeing_service.stop(the_session()), same_person=True)
    flash("You see the app as yourself again")
    return redirect(url_for(".home"), 303)
