"""The uses of phones, emails and addresses (FHIR ContactPoint.use, Address.use)."""

CONTACT_KINDS = ("phone", "email", "address")
"""The ways to reach a patient; the fields of the ones in use have the same names."""

USES = {
    "mobile": "Mobile",
    "home": "Home",
    "work": "Work",
    "temp": "Temporary",
    "billing": "Billing",
    "old": "Old",
}
"""Labels of all uses."""

USES_OF = {
    "phone": ("mobile", "home", "work", "temp", "old"),
    "email": ("home", "work", "temp", "old"),
    "address": ("home", "work", "temp", "billing", "old"),
}
"""The uses of each kind; what is old is not used."""


def uses_of(kind: str, *, in_use: bool = False) -> tuple[str, ...]:
    """Return the uses that a phone, an email or an address may have, or only those of the one that is used."""
    return tuple(use for use in USES_OF[kind] if not (in_use and use == "old"))


def use_label(use: str) -> str:
    """Return the label of a use, empty if none is stated."""
    return USES.get(use, use)
