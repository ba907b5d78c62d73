"""What a browser complains about while a page is used."""

from playwright.sync_api import ConsoleMessage, Page, Request

_NOTE_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
});
"""


_EXPECTED = ("the server responded with a status of 4", "net::ERR_INTERNET_DISCONNECTED")
"""What Chromium says of a page that tells of a problem, and of a connection that a test cuts."""


class Watch:
    """Keeps what is wrong on a page: errors, violations of the policy, requests to other origins."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin
        self.forget()
        page.add_init_script(_NOTE_VIOLATIONS)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._note_request)

    def forget(self) -> None:
        """Forget what was wrong, and what a page told of problems that a test has asked for."""
        self.complaints: list[str] = []
        self._expected = list(_EXPECTED)

    def _note_console(self, message: ConsoleMessage) -> None:
        missing_part = any(place in message.location["url"] for place in ("/static/", "/styles.css"))
        expected = any(words in message.text for words in self._expected) and not missing_part
        if message.type in {"error", "warning"} and not expected:
            self.complaints.append(f"{message.type}: {message.text}")

    def _note_request(self, request: Request) -> None:
        if "x-trouble" in request.headers:
            self._expected.append("the server responded with a status of 5")
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.complaints.append(f"request to another origin: {request.url}")
