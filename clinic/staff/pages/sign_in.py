"""Signing in and out: password, second step, and back to where one was."""

from typing import Any

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user
from flask_wtf.csrf import generate_csrf

from clinic.staff.pages.devices import known_device, remember_device
from clinic.staff.pages.frame import blueprint
from clinic.staff.pages.gate import Visitor, past_session, session_or_none, the_session
from clinic.staff.pages.ways import safe_next
from clinic.staff.service import Caller, TooManyTries, clinic_service, kept_forms, session_service, sign_in_service
from clinic.web.access import on_the_way, public
from clinic.web.forms import Form

FORGET = '"cache", "storage"'
"""What a browser throws away when somebody signs out; the device stays known."""


@blueprint.get("/login")
@public
def sign_in() -> ResponseReturnValue:
    """Ask who it is."""
    clinic_service.choose(None)
    if session_or_none():
        return redirect(safe_next(request.args.get("next")))
    return _ask(Form({"next": request.args.get("next", "")}))


@blueprint.post("/login")
@public
def begin_session() -> ResponseReturnValue:
    """Sign in whoever knows the password."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    if problems := _blanks(email, password):
        return _ask(_as_typed(problems)), 422
    token = sign_in_service.attempt(email, password, _caller(email))
    return _go_on(token, email)


@blueprint.get("/login/code")
@on_the_way
def second_step() -> ResponseReturnValue:
    """Ask for the code that an app shows."""
    if not the_session().sign_in.second_step_due:
        return redirect(url_for(".home"))
    return render_template("staff/second_step.html", form=Form({"next": request.args.get("next", "")}))


@blueprint.post("/login/code")
@on_the_way
def complete_session() -> ResponseReturnValue:
    """Complete the sign-in with a code."""
    token = sign_in_service.second_step(the_session(), request.form.get("code", ""))
    return _go_on(token, the_session().member.email)


@blueprint.post("/logout")
@on_the_way
def sign_out() -> ResponseReturnValue:
    """End the session."""
    sign_in_service.sign_out(the_session())
    logout_user()
    session.clear()
    flash("You have signed out")
    response = make_response(redirect(url_for(".sign_in"), 303))
    response.headers["Clear-Site-Data"] = FORGET
    return response


def change_to(token: str) -> None:
    """Let the browser keep a session's new token, and a new token against forgery with it."""
    session.clear()
    login_user(Visitor(token, session_service.find(token)))
    generate_csrf()


def _go_on(token: str, email: str) -> ResponseReturnValue:
    """Lead to the second step, to a form that was kept, or to where the person was."""
    wanted = safe_next(request.form.get("next"))
    change_to(token)
    here = the_session()
    if here.sign_in.second_step_due:
        return redirect(url_for(".second_step", next=wanted), 303)
    if here.member.must_change_password:
        wanted = url_for(".change_password", next=wanted)
    elif kept_forms.latest_of(here):
        wanted = url_for(".kept_form")
    return remember_device(make_response(redirect(wanted, 303)), email)


def _ask(form: Form) -> str:
    return render_template("staff/sign_in.html", form=form, ended=past_session())


def _as_typed(problems: dict[str, list[str]]) -> Form:
    typed = {name: request.form.get(name, "")[:254] for name in ("email", "next")}
    return Form(typed, problems, order=("email", "password", "code"))


def _blanks(email: str, password: str) -> dict[str, list[str]]:
    asked = {"email": (email, "Enter your e-mail address"), "password": (password, "Enter your password")}
    return {name: [words] for name, (typed, words) in asked.items() if not typed.strip()}


def _caller(email: str) -> Caller:
    return Caller(request.remote_addr or "", request.user_agent.string, known_device(email))


@blueprint.errorhandler(TooManyTries)
def ask_to_wait(error: TooManyTries) -> ResponseReturnValue:
    """Say how long nothing is tried, on the form that was sent."""
    return _again({"": [error.message]}), 429, {"Retry-After": str(error.retry_after)}


def _again(problems: dict[str, list[str]]) -> str:
    form: Any = _as_typed(problems)
    if request.endpoint == "staff.complete_session":
        return render_template("staff/second_step.html", form=form)
    return _ask(form)
