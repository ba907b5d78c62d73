"""Pages of passwords: changing one's own, and setting a new one by a link from a mail."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.context import current_actor
from clinic.identity.self_service import LinkExpired, WeakPassword, self_service
from clinic.identity.sessions import Session
from clinic.identity.sign_in import TooManyAttempts, WrongPassword
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.pages.login_cookie import set_login_token
from clinic.staff.pages.sign_in import NO_EMAIL, continue_login, end_browser_session
from clinic.web.authentication import current_session
from clinic.web.authorization import incomplete_login_allowed, public
from clinic.web.forms import Form, refuse, repeat_form
from clinic.web.idempotency import idempotent


def _change_page(form: Form) -> str:
    return render_template("staff/password.html", form=form, member=current_session().member)


def _forgotten_page(form: Form) -> str:
    return render_template("staff/forgotten.html", form=form)


def _new_password_page(form: Form, token: str) -> str:
    member, kind = self_service.get_link(token)
    return render_template("staff/new_password.html", form=form, member=member, kind=kind, token=token)


def _new_password_problems(session: Session, new: str) -> dict[str, list[str]]:
    """Return what is wrong with a new password, so that it can be corrected together with the current one."""
    problems = list(self_service.password_problems(session, new))
    return {"new_password": problems} if problems else {}


@blueprint.get("/account/password")
@incomplete_login_allowed
def change_password() -> ResponseReturnValue:
    """Show the form that asks for the current password and a new one."""
    if current_session().sign_in.second_step_due:
        return redirect(url_for(".second_step"))
    return _change_page(Form({"next": request.args.get("next", "")}))


@blueprint.post("/account/password")
@incomplete_login_allowed
def save_password() -> ResponseReturnValue:
    """Change the password."""
    here = current_session()
    if here.sign_in.second_step_due:
        return continue_login()
    present, new = request.form.get("present_password", ""), request.form.get("new_password", "")
    try:
        set_login_token(self_service.change_password(here, present=present, new=new), same_person=True)
    except WrongPassword as error:
        error.problems |= _new_password_problems(here, new)
        return refuse(_change_page(repeat_form("next").reject(error)), error)
    except (WeakPassword, TooManyAttempts) as error:
        return refuse(_change_page(repeat_form("next").reject(error)), error)
    flash("Your password is changed, and you are signed out everywhere else")
    return continue_login() if request.form.get("next") else redirect(url_for(".account"), 303)


@blueprint.get("/password/forgotten")
@public
def forgotten() -> ResponseReturnValue:
    """Show the form that asks for the email address to which a link is sent."""
    return _forgotten_page(Form())


@blueprint.post("/password/forgotten")
@public
@idempotent
def ask_for_link() -> ResponseReturnValue:
    """Send a link if there is such an account; the answer does not show whether there is."""
    email = request.form.get("email", "")
    form = repeat_form("email")
    if not email.strip():
        form.errors["email"] = [NO_EMAIL]
    if form.errors:
        return _forgotten_page(form), 422
    try:
        self_service.request_reset(email, address=current_actor().address)
    except TooManyAttempts as error:
        return refuse(_forgotten_page(form.reject(error)), error)
    return redirect(url_for(".link_sent"), 303)


@blueprint.get("/password/sent")
@public
def link_sent() -> ResponseReturnValue:
    """Show where to find the link."""
    return render_template("staff/link_sent.html")


@blueprint.get("/password/<token>")
@public
def set_password(token: str) -> ResponseReturnValue:
    """Show the form of a new password behind a link; GET does not use the link up, as mail scanners open it."""
    return _new_password_page(Form(), token)


@blueprint.post("/password/<token>")
@public
def save_password_by_link(token: str) -> ResponseReturnValue:
    """Set the password of the account of a link."""
    try:
        self_service.set_password_by_link(token, request.form.get("new_password", ""))
    except (WeakPassword, TooManyAttempts) as error:
        return refuse(_new_password_page(Form().reject(error), token), error)
    end_browser_session()
    flash("Your password is set: sign in with it")
    return redirect(url_for(".sign_in"), 303)


@blueprint.errorhandler(LinkExpired)
def show_link_expired(error: LinkExpired) -> ResponseReturnValue:
    """Show that a link is no longer valid, and how to get another."""
    return render_template("staff/link_expired.html", message=error.message), 410
