"""What the served clinic fails with when a browser asks for it, so that the pages that say so can be looked at."""

from sqlalchemy.exc import OperationalError

from clinic.core.errors import Gone, PermissionDenied, RateLimited

TROUBLES: dict[str | None, Exception] = {
    "not allowed": PermissionDenied(
        "invoices:read",
        details={
            "permission_label": "See invoices",
            "role_label": "Front desk",
            "granted_by": ["Ana Lima", "Maximiliana Wolfeschlegelsteinhausenbergerdorff"],
        },
    ),
    "gone": Gone("This patient was merged", details={"survivor_url": "/patients", "survivor": "patient P-000007"}),
    "too many": RateLimited("You tried this too often", retry_after=42),
    "unexpected": RuntimeError(),
    "busy": OperationalError("SELECT", {}, Exception("database is locked")),
}
