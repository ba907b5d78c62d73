"""JSON endpoints of the settings of billing."""

from typing import Any

from flask.typing import ResponseReturnValue

from clinic.billing.schemas.settings import BillingSettingsSchema
from clinic.billing.service import billing_settings_service
from clinic.web.authorization import requires
from clinic.web.json_api import ApiBlueprint, expected_version, handle_stale_version, single
from clinic.web.openapi import RECORD_HEADERS

blueprint = ApiBlueprint(
    "billing_settings",
    __name__,
    path="billing-settings",
    noun="billing_settings",
    description="What invoices say of the clinic, their numbers, payment terms and default tax",
)
handle_stale_version(blueprint, billing_settings_service.current, BillingSettingsSchema)


@blueprint.get("")
@requires("clinic:read")
@blueprint.problems()
@blueprint.conditional()
@blueprint.response(200, BillingSettingsSchema, headers=RECORD_HEADERS)
def show() -> ResponseReturnValue:
    """Return the settings of billing."""
    return single(billing_settings_service.current())


@blueprint.patch("")
@requires("clinic:write")
@blueprint.problems()
@blueprint.versioned(required=True)
@blueprint.merge_patch(BillingSettingsSchema)
@blueprint.response(200, BillingSettingsSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any]) -> ResponseReturnValue:
    """Update the settings of billing; issued invoices keep what they were issued with."""
    version = expected_version(billing_settings_service.current)
    return single(billing_settings_service.update(version=version, **fields))
