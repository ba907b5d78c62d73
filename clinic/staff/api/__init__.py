"""What programs may ask of staff, and the gate that all of the API is behind."""

from clinic.staff.api.authentication import ApiGate
from clinic.staff.api.clinic import blueprint

__all__ = ["ApiGate", "blueprint"]
