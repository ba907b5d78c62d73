"""Browsers in words, as far as they say what they are."""

from clinic.staff.pages.blueprint import blueprint

_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@blueprint.app_template_filter()
def browser(agent: str) -> str:
    """Return what a browser's own long name means: `Firefox on Windows`."""
    program = _first(_BROWSERS, agent) or "Another browser"
    system = _first(_SYSTEMS, agent)
    return f"{program} on {system}" if system else program


def _first(names: dict[str, str], agent: str) -> str | None:
    return next((word for mark, word in names.items() if mark in agent), None)
