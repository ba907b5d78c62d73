"""The settings of a clinic's billing; other modules reach them through `service.py`."""

from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select

from clinic.billing.models import BillingSettings, TaxRate
from clinic.billing.settings_rules import DEFAULT_PATTERN, DEFAULT_PAYMENT_DAYS
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.tenancy import current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service

NO_SUCH_TAX = "Choose a tax of this clinic that is not archived"


class BillingSettingsFields(TypedDict):
    """The settings that can be changed; texts are None if there are none."""

    legal_name: NotRequired[str | None]
    address: NotRequired[str | None]
    phone: NotRequired[str | None]
    email: NotRequired[str | None]
    tax_number: NotRequired[str | None]
    iban: NotRequired[str | None]
    bic: NotRequired[str | None]
    number_pattern: NotRequired[str]
    payment_days: NotRequired[int]
    prices_include_tax: NotRequired[bool]
    default_tax_rate_id: NotRequired[UUID | None]
    footer: NotRequired[str | None]


class BillingSettingsService:
    """The billing settings of the current clinic."""

    def current(self) -> BillingSettings:
        """Return the settings; until they are first saved, the defaults, as version 0."""
        return db.session.scalar(_OF_CLINIC) or _defaults()

    def update(self, *, version: int | None, **fields: Unpack[BillingSettingsFields]) -> BillingSettings:
        """Change the given settings; `version` is the one that was edited, None skips the check.

        :raises StaleVersion: if the settings have another version
        :raises InvalidInput: if the default tax does not exist or is archived
        """
        with unit_of_work():
            clinic_service.lock()
            settings = self.current()
            if version not in {None, settings.version}:
                raise StaleVersion
            if fields.get("default_tax_rate_id") != settings.default_tax_rate_id:
                check_tax(fields.get("default_tax_rate_id"), "default_tax_rate_id")
            for name, value in fields.items():
                setattr(settings, name, value)
            _store(settings)
        return settings


billing_settings_service = BillingSettingsService()

_OF_CLINIC = prepared(select(BillingSettings))


def check_tax(tax_rate_id: UUID | None, field: str) -> None:
    """Check that a tax exists and is not archived; None is none.

    :raises InvalidInput: for the field, if it does not
    """
    found = None if tax_rate_id is None else db.session.get(TaxRate, tax_rate_id)
    if tax_rate_id is not None and (found is None or not found.active):
        raise InvalidInput(NO_SUCH_TAX, field=field)


def _defaults() -> BillingSettings:
    return BillingSettings(
        clinic_id=current_clinic_id(),
        number_pattern=DEFAULT_PATTERN,
        payment_days=DEFAULT_PAYMENT_DAYS,
        prices_include_tax=True,
        version=0,
        updated_at=now(),
    )


def _store(settings: BillingSettings) -> None:
    if settings.version == 0:
        settings.version = 1
        db.session.add(settings)
    db.session.flush()
