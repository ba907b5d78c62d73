"""Drafts of which tests bill a part to somebody else."""

from typing import Any

from clinic.billing.service import Invoice, billing_service

INSURER: Any = {
    "kind": "other",
    "name": "Médis Seguros",
    "address": "Rua Nova 1\n1100-001 Lisboa",
    "tax_number": "500123456",
}


def amounts_of(invoice: Invoice) -> list[int]:
    """Return the stored amounts of the lines of an invoice, in minor units."""
    return [line.amount_minor for line in billing_service.get(invoice.id).lines]


def texts_of(invoice: Invoice) -> list[str]:
    """Return the descriptions of the lines of an invoice."""
    return [line.description for line in billing_service.get(invoice.id).lines]
