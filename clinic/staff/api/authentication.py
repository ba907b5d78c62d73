"""The gate of the API: programs show a key; cookies open nothing here."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from clinic.identity.api_keys import api_key_service
from clinic.identity.roles import scope_permissions
from clinic.web.authorization import Principal


class ApiGate:
    """Recognises programs by their keys."""

    def recognise(self, *, renew: bool) -> Principal | None:
        """Return whose key the request bears, if it opens anything."""
        shown = request.authorization
        if shown is None or shown.type != "bearer" or not shown.token:
            return None
        record = api_key_service.recognise(shown.token)
        if record is None:
            return None
        return Principal(
            actor=f"key:{record.id}",
            clinic_id=record.clinic_id,
            permissions=scope_permissions(record.scopes),
            key_id=record.id,
        )

    def explain(self, permission: str) -> Mapping[str, Any]:
        """Return the scope that the key lacks."""
        return {"scope": permission}

    def turn_away(self) -> ResponseReturnValue:
        """Ask for a key (RFC 6750)."""
        raise Unauthorized(
            "Send an API key: Authorization: Bearer clk_…",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "clinic"}),
        )

    def send_on(self, principal: Principal) -> ResponseReturnValue:
        """Never happens: a key is complete."""
        return self.turn_away()
