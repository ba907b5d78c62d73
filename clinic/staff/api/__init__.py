"""What programs may ask of staff, and the gate that all of the API is behind."""

from clinic.staff.api.clinic import blueprint
from clinic.staff.api.gate import ApiGate

__all__ = ["ApiGate", "blueprint"]
