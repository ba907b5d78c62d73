"""The page on which patients stop messages, and the address for one click in a mail program (RFC 8058)."""

from flask import request
from flask.typing import ResponseReturnValue

from clinic.notifications.links.opening import acting_by_link, find_link
from clinic.notifications.links.preferences import ALL, PURPOSES, preference_service
from clinic.notifications.models import PREFERENCES
from clinic.notifications.pages.public_blueprint import public_blueprint
from clinic.notifications.pages.public_page import back_to, by_token, public_page
from clinic.web.authorization import public
from clinic.web.request_hooks import csrf

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The field that a mail program sends (RFC 8058, section 3.2)."""


@public_blueprint.get("/messages/<token>")
@public
def preferences(token: str) -> ResponseReturnValue:
    """Show which messages can be stopped; this changes nothing."""
    link = find_link(token, PREFERENCES)
    with acting_by_link(link):
        shown = preference_service.get(link)
        chooses = "choose" in request.args or not shown.stopped
        template = "links/messages.html" if chooses else "links/stopped.html"
        if "keep" in request.args and shown.wanted and not shown.stopped:
            template = "links/kept.html"
        return public_page(template, shown.clinic, shown.recipient, shown=shown, token=token)


@public_blueprint.post("/messages/<token>")
@by_token
def stop(token: str) -> ResponseReturnValue:
    """Stop the chosen messages, or take that back."""
    link = find_link(token, PREFERENCES)
    with acting_by_link(link):
        what, version = request.form.get("what"), request.form.get("version", "")
        if what in {*PURPOSES, ALL}:
            preference_service.stop(link, what)
        elif version.isascii() and version.isdigit():
            preference_service.take_back(link, int(version[:9]))
    return back_to(".preferences", token)


@public_blueprint.get("/unsubscribe/<token>")
@public
def open_unsubscribe(token: str) -> ResponseReturnValue:
    """Show the page to choose messages to a person who opened the address of the one click."""
    find_link(token, PREFERENCES)
    return back_to(".preferences", token)


@public_blueprint.post("/unsubscribe/<token>")
@public
def unsubscribe(token: str) -> ResponseReturnValue:
    """Stop the messages of the kind in which this address was; a mail program sends this, without a cookie."""
    link = find_link(token, PREFERENCES)
    name, value = ONE_CLICK
    if request.form.get(name) != value:
        return f"Send {name}={value}, or open this address in a browser\n", 400, {"Content-Type": "text/plain"}
    with acting_by_link(link):
        preference_service.stop(link)
    return "", 200, {"Content-Type": "text/plain"}


csrf.exempt(unsubscribe)
