"""A person's own account."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.staff.pages.frame import blueprint
from clinic.staff.pages.gate import the_session
from clinic.staff.service import session_service
from clinic.web.access import on_the_way, public, signed_in


@blueprint.get("/account")
@signed_in
def account() -> ResponseReturnValue:
    """Show the own account."""
    mine = the_session()
    return render_template("staff/account.html", session=mine, sessions=session_service.alive_of(mine.member.id))


@blueprint.get("/account/password")
@on_the_way
def change_password() -> ResponseReturnValue:
    """Show the form of a new password."""
    return render_template("staff/account.html", session=the_session(), sessions=[])


@blueprint.post("/clinic/switch")
@signed_in
def switch() -> ResponseReturnValue:
    """Go on in another clinic."""
    return redirect(url_for(".home"), 303)


@blueprint.get("/password/forgotten")
@public
def forgotten() -> ResponseReturnValue:
    """Ask for the address."""
    return redirect(url_for(".sign_in"))


@blueprint.get("/kept")
@signed_in
def kept_form() -> ResponseReturnValue:
    """Show the form that was kept."""
    return redirect(request.url)
