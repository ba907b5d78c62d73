"""Passwords: a new one for the present one, or by a link in a mail."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.context import current_actor
from clinic.identity.self_service import LinkExpired, self_service
from clinic.identity.sign_in import WrongPassword
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.pages.form_errors import shown_again, typed
from clinic.staff.pages.login_cookie import set_login_token
from clinic.staff.pages.sign_in import go_on, leave
from clinic.web.authentication import current_session
from clinic.web.authorization import incomplete_login_allowed, public
from clinic.web.forms import Form


def _ask_for_both(form: Form) -> str:
    return render_template("staff/password.html", form=form, member=current_session().member)


def _ask_for_email(form: Form) -> str:
    return render_template("staff/forgotten.html", form=form)


def _ask_for_new(form: Form, token: str) -> str:
    member, kind = self_service.get_link(token)
    return render_template("staff/new_password.html", form=form, member=member, kind=kind, token=token)


def _with_both(error: WrongPassword, about_new: Sequence[str]) -> WrongPassword:
    """Let what is wrong with both passwords be mended in one go."""
    if about_new:
        error.problems["new_password"] = list(about_new)
    return error


@blueprint.get("/account/password")
@incomplete_login_allowed
def change_password() -> ResponseReturnValue:
    """Ask for the present password and a new one."""
    if current_session().sign_in.second_step_due:
        return redirect(url_for(".second_step"))
    return _ask_for_both(Form({"next": request.args.get("next", "")}))


@blueprint.post("/account/password")
@incomplete_login_allowed
@shown_again(_ask_for_both)
def save_password() -> ResponseReturnValue:
    """Change the password."""
    here = current_session()
    if here.sign_in.second_step_due:
        return go_on()
    present, new = request.form.get("present_password", ""), request.form.get("new_password", "")
    try:
        set_login_token(self_service.change_password(here, present=present, new=new), same_person=True)
    except WrongPassword as error:
        raise _with_both(error, self_service.password_problems(here, new)) from error
    flash("Your password is changed, and you are signed out everywhere else")
    return go_on() if request.form.get("next") else redirect(url_for(".account"), 303)


@blueprint.get("/password/forgotten")
@public
def forgotten() -> ResponseReturnValue:
    """Ask for the address to which a link is sent."""
    return _ask_for_email(Form())


@blueprint.post("/password/forgotten")
@public
@shown_again(_ask_for_email)
def ask_for_link() -> ResponseReturnValue:
    """Let a link be sent, if there is such an account: nobody learns whether there is."""
    email = request.form.get("email", "")
    if not email.strip():
        return _ask_for_email(typed({"email": ["Enter your e-mail address"]})), 422
    self_service.request_reset(email, address=current_actor().address)
    return redirect(url_for(".link_sent"), 303)


@blueprint.get("/password/sent")
@public
def link_sent() -> ResponseReturnValue:
    """Say where to look for the link."""
    return render_template("staff/link_sent.html")


@blueprint.get("/password/<token>")
@public
def set_password(token: str) -> ResponseReturnValue:
    """Ask whoever has a link for a new password; looking at it uses nothing up, as mail scanners do that."""
    return _ask_for_new(Form(), token)


@blueprint.post("/password/<token>")
@public
@shown_again(_ask_for_new)
def save_password_by_link(token: str) -> ResponseReturnValue:
    """Set the password of whoever has a link."""
    self_service.set_password_by_link(token, request.form.get("new_password", ""))
    leave()
    flash("Your password is set: sign in with it")
    return redirect(url_for(".sign_in"), 303)


@blueprint.errorhandler(LinkExpired)
def offer_another_link(error: LinkExpired) -> ResponseReturnValue:
    """Say that a link opens nothing, and how to get another."""
    return render_template("staff/link_expired.html", words=error.message), 410
