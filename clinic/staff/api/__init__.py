"""JSON endpoints about the clinic."""

from clinic.staff.api.clinic import blueprint

__all__ = ["blueprint"]
