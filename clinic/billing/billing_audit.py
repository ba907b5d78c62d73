"""The audit of the books of a clinic: everything that is stored twice or derived, computed anew from the rows."""

from collections.abc import Sequence

from clinic.billing.audit_accounts import audit_accounts
from clinic.billing.audit_documents import audit_documents
from clinic.billing.audit_findings import Finding
from clinic.billing.audit_numbers import audit_numbers
from clinic.core.db.transaction import snapshot


class BillingAudit:
    """The audit of the current clinic."""

    def audit(self) -> Sequence[Finding]:
        """Return what is off: totals, numbers, allocations, balances; nothing if the books are in order."""
        with snapshot():
            return [*audit_documents(), *audit_numbers(), *audit_accounts()]
