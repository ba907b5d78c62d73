"""The blueprint of the pages behind links in messages: without sign-in, for patients, each with a token in its address.

They need no cookie: the token is what allows an act, and only the act that it is for. So there is no token of a form.
"""

from flask import Blueprint, Response

public_blueprint = Blueprint("links", __name__, url_prefix="/my", template_folder="../templates")


@public_blueprint.after_request
def hide_from_search_engines(response: Response) -> Response:
    """Ask search engines to leave the page out."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
