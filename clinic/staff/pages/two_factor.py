"""Two-step verification of the own account: turning it on, new recovery codes, turning it off."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.identity.sign_in import TooManyAttempts, WrongCode, WrongPassword
from clinic.identity.totp import totp_qr, totp_uri
from clinic.identity.two_factor import two_factor_service
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.pages.login_cookie import set_login_token
from clinic.web.authentication import current_session
from clinic.web.authorization import login_required
from clinic.web.forms import Form, posted_from, refuse


def _setup_page(form: Form) -> str:
    here = current_session()
    secret = here.member.totp_secret or ""
    qr = totp_qr(totp_uri(secret, here.member.email, here.clinic.name)) if secret else None
    parts = [secret[place : place + 4] for place in range(0, len(secret), 4)]
    return render_template("staff/two_factor_setup.html", form=form, qr=qr, secret=" ".join(parts))


def _new_codes_page(form: Form) -> str:
    return render_template("staff/recovery_codes_new.html", form=form)


def _turn_off_page(form: Form) -> str:
    return render_template("staff/two_factor_end.html", form=form)


@blueprint.get("/account/second-step")
@login_required
def second_step_setup() -> ResponseReturnValue:
    """Show the secret for an authenticator app, once setting up has begun."""
    return redirect(url_for(".account")) if current_session().member.totp_on else _setup_page(Form())


@blueprint.route("/account/second-step/begin", methods=["GET", "POST"])
@login_required
@posted_from(".second_step_setup")
def begin_second_step() -> ResponseReturnValue:
    """Create a secret for an authenticator app."""
    two_factor_service.begin(current_session())
    return redirect(url_for(".second_step_setup"), 303)


@blueprint.post("/account/second-step")
@login_required
def confirm_second_step() -> ResponseReturnValue:
    """Turn two-step verification on with a first code, and show the recovery codes once."""
    try:
        page, token = two_factor_service.confirm(current_session(), request.form.get("code", ""), _first_codes_page)
    except (WrongCode, TooManyAttempts) as error:
        return refuse(_setup_page(Form().reject(error)), error)
    set_login_token(token, same_person=True)
    return page


@blueprint.get("/account/recovery-codes")
@login_required
def recovery_codes() -> ResponseReturnValue:
    """Show the form that asks for the password before new recovery codes are created."""
    return _new_codes_page(Form()) if current_session().member.totp_on else redirect(url_for(".account"))


@blueprint.post("/account/recovery-codes")
@login_required
def renew_recovery_codes() -> ResponseReturnValue:
    """Create new recovery codes, and show them once."""
    here = current_session()
    if not here.member.totp_on:
        return redirect(url_for(".account"), 303)
    try:
        present = request.form.get("present_password", "")
        return two_factor_service.new_recovery_codes(here, present=present, show=_renewed_codes_page)
    except (WrongPassword, TooManyAttempts) as error:
        return refuse(_new_codes_page(Form().reject(error)), error)


@blueprint.get("/account/second-step/end")
@login_required
def second_step_end() -> ResponseReturnValue:
    """Show the form that asks for the password before two-step verification is turned off."""
    return _turn_off_page(Form()) if current_session().member.totp_on else redirect(url_for(".account"))


@blueprint.post("/account/second-step/end")
@login_required
def end_second_step() -> ResponseReturnValue:
    """Turn two-step verification off."""
    try:
        token = two_factor_service.end(current_session(), present=request.form.get("present_password", ""))
    except (WrongPassword, TooManyAttempts) as error:
        return refuse(_turn_off_page(Form().reject(error)), error)
    set_login_token(token, same_person=True)
    flash("Two-step verification is off")
    return redirect(url_for(".account"), 303)


def _first_codes_page(codes: Sequence[str]) -> str:
    return render_template("staff/recovery_codes.html", codes=codes, title="Two-step verification is on")


def _renewed_codes_page(codes: Sequence[str]) -> str:
    return render_template("staff/recovery_codes.html", codes=codes, title="New recovery codes")
