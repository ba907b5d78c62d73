"""What the JSON endpoints of taxes and items have in common."""

from typing import Any

from clinic.web.json_api import after_cursor


def list_filters(query: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments of a service's `list` for a query, and the text of its filter for the cursor."""
    texts = [] if query["active"] is None else [f"active={query['active']}"]
    return {"active": query["active"], "limit": query["limit"], "after": after_cursor(query, *texts)}, texts
