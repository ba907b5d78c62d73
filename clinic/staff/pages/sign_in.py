"""Signing in and out: password, code, and back to the page that was wanted."""

from flask import Response, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import logout_user
from flask_wtf.csrf import CSRFError

from clinic.core.context import current_actor
from clinic.identity.clinics import clinic_service
from clinic.identity.saved_forms import saved_form_service
from clinic.identity.sign_in import Caller, TooManyAttempts, WrongCode, WrongCredentials, sign_in_service
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.pages.login_cookie import set_login_token
from clinic.staff.pages.redirects import safe_next
from clinic.staff.pages.trusted_devices import known_device, remember_device
from clinic.web.authentication import current_session, find_ended_session, find_session
from clinic.web.authorization import incomplete_login_allowed, public
from clinic.web.error_handlers import is_same_origin
from clinic.web.forms import Form, posted_from, refuse, repeat_form
from clinic.web.request_hooks import csrf

CLEARED_DATA = '"cache", "storage"'
"""What a browser deletes at sign-out: not its cookies, so that the trusted device stays known."""

NO_EMAIL = "Enter your email address"


def _sign_in_page(form: Form) -> str:
    return render_template("staff/sign_in.html", form=form, ended=find_ended_session())


def _expired_sign_in_page() -> str:
    form = repeat_form("email", "next") if is_same_origin() else Form()
    form.errors = {"": ["This page was open for too long: enter your password once more"]}
    return _sign_in_page(form)


def _code_page(form: Form) -> str:
    if message := form.error("code"):
        form.errors["code"] = [f"{message}, or one of your recovery codes"]
    return render_template("staff/two_factor_code.html", form=form)


@blueprint.get("/login")
@public
def sign_in() -> ResponseReturnValue:
    """Show the sign-in form."""
    clinic_service.require_any()
    if find_session():
        return redirect(safe_next(request.args.get("next")))
    return _sign_in_page(_with_next())


@blueprint.post("/login")
@public
def begin_session() -> ResponseReturnValue:
    """Sign in with a password; the view checks the CSRF token itself, so that it can show its own form again."""
    try:
        csrf.protect()
    except CSRFError:
        return _expired_sign_in_page(), 400
    email, password = request.form.get("email", ""), request.form.get("password", "")
    form = repeat_form("email", "next")
    if errors := _missing(email, password):
        form.errors = errors
        return _sign_in_page(form), 422
    try:
        token = sign_in_service.authenticate(email, password, _caller(email))
    except (WrongCredentials, TooManyAttempts) as error:
        return refuse(_sign_in_page(form.reject(error)), error)
    end_browser_session()
    set_login_token(token)
    return continue_login()


csrf.exempt(begin_session)  # from the check before every view


@blueprint.get("/login/code")
@incomplete_login_allowed
def second_step() -> ResponseReturnValue:
    """Show the form that asks for the code of an authenticator app."""
    return _code_page(_with_next()) if current_session().sign_in.second_step_due else redirect(url_for(".home"))


@blueprint.post("/login/code")
@incomplete_login_allowed
def complete_session() -> ResponseReturnValue:
    """Complete the sign-in with a code."""
    if current_session().sign_in.second_step_due:
        try:
            token = sign_in_service.second_step(current_session(), request.form.get("code", ""))
        except (WrongCode, TooManyAttempts) as error:
            return refuse(_code_page(repeat_form("next").reject(error)), error)
        set_login_token(token)
    return continue_login()


@blueprint.route("/logout", methods=["GET", "POST"])
@incomplete_login_allowed
@posted_from(".home")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    end_browser_session()
    flash("You have signed out")
    response = make_response(redirect(url_for(".sign_in"), 303))
    response.headers["Clear-Site-Data"] = CLEARED_DATA
    return response


def end_browser_session() -> None:
    """End the session of this browser, if it has one."""
    if here := find_session():
        sign_in_service.sign_out(here)
    logout_user()
    session.clear()


def continue_login() -> Response:
    """Redirect to the next step of a sign-in, else to a saved form, else to the page that was wanted."""
    here, wanted = current_session(), safe_next(request.values.get("next"))
    if here.sign_in.second_step_due:
        return make_response(redirect(url_for(".second_step", next=wanted), 303))
    if here.member.must_change_password:
        wanted = url_for(".change_password", next=wanted)
    elif saved_form_service.find_latest(here):
        wanted = url_for(".saved_form")
    return remember_device(make_response(redirect(wanted, 303)), here.member.email)


def _with_next() -> Form:
    return Form({"next": request.args.get("next", "")})


def _missing(email: str, password: str) -> dict[str, list[str]]:
    required = {"email": (email, NO_EMAIL), "password": (password, "Enter your password")}
    return {name: [message] for name, (typed, message) in required.items() if not typed.strip()}


def _caller(email: str) -> Caller:
    past = find_ended_session()
    return Caller(
        current_actor().address,
        request.user_agent.string,
        known_device(email),
        past.clinic_id if past else None,
    )
