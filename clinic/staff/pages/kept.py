"""A form that was sent after its session had ended: shown again, to send or to discard."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.staff.pages.frame import blueprint
from clinic.staff.pages.gate import sent_kept_id, session_or_none, the_session
from clinic.staff.service import kept_forms
from clinic.web.access import signed_in
from clinic.web.requests import is_api
from clinic.web.wording import read_form


@blueprint.get("/kept")
@signed_in
def kept_form() -> ResponseReturnValue:
    """Show what was typed into the form that was kept last."""
    kept = kept_forms.latest_of(the_session())
    if kept is None:
        return redirect(url_for(".home"))
    return render_template("staff/kept.html", kept=kept, form=read_form(kept.address, kept.fields))


@blueprint.post("/kept/discard")
@signed_in
def discard_kept_form() -> ResponseReturnValue:
    """Forget a form that is not wanted; the hook below has done so."""
    return redirect(url_for(".kept_form"), 303)


@blueprint.before_app_request
def forget_what_is_sent_again() -> None:
    """Forget a kept form when it is sent again, or discarded."""
    if request.method != "POST" or is_api():
        return  # the API reads its bodies itself
    sent, here = sent_kept_id(), session_or_none()
    if sent and here:
        kept_forms.forget(here, sent)
