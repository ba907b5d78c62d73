"""A browser without JavaScript, as far as forms need one."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class PageClient(FlaskClient):
    """A test client that can send a page's form, with the token that the page carries."""

    def submit(self, url: str, /, **fields: Any) -> TestResponse:
        """Send a form with the token of this session; `birth_date__year` stands for `birth_date.year`."""
        data = {name.replace("__", "."): value for name, value in fields.items()}
        return self.post(url, data={"csrf_token": self.token(), **data})

    def token(self) -> str:
        """Return the token that forms of this session carry."""
        return hidden_value(self.get("/patients/new").text, "csrf_token")


def hidden_value(html: str, name: str) -> str:
    """Return the value of a hidden field of a page."""
    match = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', html)
    assert match, f"the page has no hidden field {name}"
    return match[1]
