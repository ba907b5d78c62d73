"""The second step of one's own sign-in: turning it on, new recovery codes, turning it off."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.identity.totp import totp_qr, totp_uri
from clinic.identity.two_factor import two_factor_service
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.pages.form_errors import shown_again
from clinic.staff.pages.login_cookie import set_login_token
from clinic.web.authentication import current_session
from clinic.web.authorization import login_required
from clinic.web.forms import Form


def _show_secret(form: Form) -> str:
    here = current_session()
    secret = here.member.totp_secret or ""
    qr = totp_qr(totp_uri(secret, here.member.email, here.clinic.name)) if secret else None
    parts = [secret[place : place + 4] for place in range(0, len(secret), 4)]
    return render_template("staff/second_step_setup.html", form=form, qr=qr, secret=" ".join(parts))


def _ask_before_codes(form: Form) -> str:
    return render_template("staff/recovery_codes_new.html", form=form)


def _ask_before_end(form: Form) -> str:
    return render_template("staff/second_step_end.html", form=form)


@blueprint.get("/account/second-step")
@login_required
def second_step_setup() -> ResponseReturnValue:
    """Show what an app needs to show codes, once that was begun."""
    return redirect(url_for(".account")) if current_session().member.totp_on else _show_secret(Form())


@blueprint.post("/account/second-step/begin")
@login_required
def begin_second_step() -> ResponseReturnValue:
    """Make a secret for an app."""
    two_factor_service.begin(current_session())
    return redirect(url_for(".second_step_setup"), 303)


@blueprint.post("/account/second-step")
@login_required
@shown_again(_show_secret)
def confirm_second_step() -> ResponseReturnValue:
    """Turn the second step on with a first code, and show the recovery codes this one time."""
    codes, token = two_factor_service.confirm(current_session(), request.form.get("code", ""))
    set_login_token(token, same_person=True)
    return _tell(codes, "The second step is on")


@blueprint.get("/account/recovery-codes")
@login_required
def recovery_codes() -> ResponseReturnValue:
    """Ask for the password before there are new recovery codes."""
    return _ask_before_codes(Form()) if current_session().member.totp_on else redirect(url_for(".account"))


@blueprint.post("/account/recovery-codes")
@login_required
@shown_again(_ask_before_codes)
def renew_recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes, and show them this one time."""
    here = current_session()
    if not here.member.totp_on:
        return redirect(url_for(".account"), 303)
    codes = two_factor_service.new_recovery_codes(here, present=request.form.get("present_password", ""))
    return _tell(codes, "New recovery codes")


@blueprint.get("/account/second-step/end")
@login_required
def second_step_end() -> ResponseReturnValue:
    """Ask for the password before the second step is turned off."""
    return _ask_before_end(Form()) if current_session().member.totp_on else redirect(url_for(".account"))


@blueprint.post("/account/second-step/end")
@login_required
@shown_again(_ask_before_end)
def end_second_step() -> ResponseReturnValue:
    """Turn the second step off."""
    token = two_factor_service.end(current_session(), present=request.form.get("present_password", ""))
    set_login_token(token, same_person=True)
    flash("The second step is off")
    return redirect(url_for(".account"), 303)


def _tell(codes: Sequence[str], title: str) -> str:
    return render_template("staff/recovery_codes.html", codes=codes, title=title)
