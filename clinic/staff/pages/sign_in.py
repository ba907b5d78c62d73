"""Signing in and out: password, second step, and back to where one was."""

from flask import Response, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import logout_user
from flask_wtf.csrf import CSRFError

from clinic.core.context import current_actor
from clinic.identity.clinics import clinic_service
from clinic.identity.saved_forms import saved_form_service
from clinic.identity.sign_in import Caller, sign_in_service
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.pages.form_errors import shown_again, typed
from clinic.staff.pages.login_cookie import set_login_token
from clinic.staff.pages.redirects import safe_next
from clinic.staff.pages.trusted_devices import known_device, remember_device
from clinic.web.authentication import current_session, find_ended_session, find_session
from clinic.web.authorization import incomplete_login_allowed, public
from clinic.web.error_handlers import answer_form_expired, is_from_here
from clinic.web.forms import Form

FORGET = '"cache", "storage"'
"""What a browser throws away when somebody signs out; the device stays known."""


def _ask(form: Form) -> str:
    return render_template("staff/sign_in.html", form=form, ended=find_ended_session())


def _ask_for_code(form: Form) -> str:
    if refused := form.error("code"):
        form.errors["code"] = [f"{refused}, or one of your recovery codes"]
    return render_template("staff/second_step.html", form=form)


@blueprint.get("/login")
@public
def sign_in() -> ResponseReturnValue:
    """Ask who it is."""
    clinic_service.require_any()
    if find_session():
        return redirect(safe_next(request.args.get("next")))
    return _ask(_with_next())


@blueprint.post("/login")
@public
@shown_again(_ask)
def begin_session() -> ResponseReturnValue:
    """Sign in whoever knows the password."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    if problems := _blanks(email, password):
        return _ask(typed(problems)), 422
    token = sign_in_service.authenticate(email, password, _caller(email))
    leave()
    set_login_token(token)
    return go_on()


@blueprint.errorhandler(CSRFError)
def ask_again_after_a_while(error: CSRFError) -> ResponseReturnValue:
    """Show the sign-in form again that stood open for too long; every other form is answered as anywhere."""
    if request.endpoint != "staff.begin_session":
        return answer_form_expired(error)
    form = typed() if is_from_here() else Form()
    form.errors = {"": ["This page was open for too long: enter your password once more"]}
    return _ask(form), 400


@blueprint.get("/login/code")
@incomplete_login_allowed
def second_step() -> ResponseReturnValue:
    """Ask for the code that an app shows."""
    return _ask_for_code(_with_next()) if current_session().sign_in.second_step_due else redirect(url_for(".home"))


@blueprint.post("/login/code")
@incomplete_login_allowed
@shown_again(_ask_for_code)
def complete_session() -> ResponseReturnValue:
    """Complete the sign-in with a code."""
    if current_session().sign_in.second_step_due:
        set_login_token(sign_in_service.second_step(current_session(), request.form.get("code", "")))
    return go_on()


@blueprint.post("/logout")
@incomplete_login_allowed
def sign_out() -> ResponseReturnValue:
    """End the session."""
    leave()
    flash("You have signed out")
    response = make_response(redirect(url_for(".sign_in"), 303))
    response.headers["Clear-Site-Data"] = FORGET
    return response


def leave() -> None:
    """End the session that this browser has, if it has one."""
    if here := find_session():
        sign_in_service.sign_out(here)
    logout_user()
    session.clear()


def go_on() -> Response:
    """Lead to what is missing for the sign-in to be complete, else to a form that was kept, or to where one was."""
    here, wanted = current_session(), safe_next(request.values.get("next"))
    if here.sign_in.second_step_due:
        return make_response(redirect(url_for(".second_step", next=wanted), 303))
    if here.member.must_change_password:
        wanted = url_for(".change_password", next=wanted)
    elif saved_form_service.find_latest(here):
        wanted = url_for(".kept_form")
    return remember_device(make_response(redirect(wanted, 303)), here.member.email)


def _with_next() -> Form:
    return Form({"next": request.args.get("next", "")})


def _blanks(email: str, password: str) -> dict[str, list[str]]:
    asked = {"email": (email, "Enter your e-mail address"), "password": (password, "Enter your password")}
    return {name: [words] for name, (given, words) in asked.items() if not given.strip()}


def _caller(email: str) -> Caller:
    past = find_ended_session()
    return Caller(
        current_actor().address,
        request.user_agent.string,
        known_device(email),
        past.clinic_id if past else None,
    )
