"""A form that was sent after its session had ended: shown again, to send or to discard."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.identity.saved_forms import saved_form_service
from clinic.staff.pages.blueprint import blueprint
from clinic.web.authentication import current_session, find_session
from clinic.web.authorization import login_required
from clinic.web.form_summary import read_form
from clinic.web.request_hooks import is_api
from clinic.web.saved_forms import sent_saved_form_id


@blueprint.get("/kept")
@login_required
def kept_form() -> ResponseReturnValue:
    """Show what was typed into the form that was kept last."""
    kept = saved_form_service.find_latest(current_session())
    if kept is None:
        return redirect(url_for(".home"))
    return render_template("staff/kept.html", kept=kept, form=read_form(kept.address, kept.fields))


@blueprint.post("/kept/discard")
@login_required
def discard_kept_form() -> ResponseReturnValue:
    """Forget a form that is not wanted; the hook below has done so."""
    return redirect(url_for(".kept_form"), 303)


@blueprint.before_app_request
def forget_what_is_sent_again() -> None:
    """Forget a kept form when it is sent again, or discarded."""
    if request.method != "POST" or is_api():
        return  # the API reads its bodies itself
    sent, here = sent_saved_form_id(), find_session()
    if sent and here:
        saved_form_service.delete(here, sent)
