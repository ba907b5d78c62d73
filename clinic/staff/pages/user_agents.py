"""Names of browsers and operating systems in user agents."""

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
    """Return the browser and the system of a user agent, like `Firefox on Windows`."""
    program = _first(_BROWSERS, agent) or "Another browser"
    system = _first(_SYSTEMS, agent)
    return f"{program} on {system}" if system else program


def _first(names: dict[str, str], agent: str) -> str | None:
    return next((name for part, name in names.items() if part in agent), None)
