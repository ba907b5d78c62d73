"""JSON endpoints of taxes."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.billing.api.archive import list_filters
from clinic.billing.schemas.prices import ArchivedQuery, TaxRateSchema
from clinic.billing.service import TaxRate, tax_rate_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    NothingSchema,
    created,
    expected_version,
    handle_stale_version,
    list_schema,
    listed,
    optional_version,
    single,
)
from clinic.web.openapi import CREATED_HEADERS, LIST_HEADERS, RECORD_HEADERS

blueprint = ApiBlueprint("tax_rates", __name__, path="tax-rates", noun="tax_rate", description="Taxes with their rates")


def _get(tax_rate_id: UUID) -> TaxRate:
    """Return a tax by the argument of its address."""
    return tax_rate_service.get(tax_rate_id)


handle_stale_version(blueprint, _get, TaxRateSchema)


@blueprint.get("")
@requires("invoices:read")
@blueprint.problems()
@blueprint.query(ArchivedQuery)
@blueprint.response(200, list_schema(TaxRateSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List taxes."""
    filters, texts = list_filters(query)
    return listed(tax_rate_service.list(**filters), *texts)


@blueprint.post("")
@requires("prices:write")
@blueprint.idempotent()
@blueprint.problems(409)
@blueprint.body(TaxRateSchema)
@blueprint.response(201, TaxRateSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Add a tax; 409 if another one has its name or code."""
    record = tax_rate_service.create(**fields)
    return created(record, ".show", tax_rate_id=record.id)


@blueprint.get("/<uuid:tax_rate_id>")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, TaxRateSchema, headers=RECORD_HEADERS)
def show(tax_rate_id: UUID) -> ResponseReturnValue:
    """Return a tax."""
    return single(tax_rate_service.get(tax_rate_id))


@blueprint.patch("/<uuid:tax_rate_id>")
@requires("prices:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(TaxRateSchema)
@blueprint.response(200, TaxRateSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], tax_rate_id: UUID) -> ResponseReturnValue:
    """Update a tax; a history is replaced as a whole, and issued invoices stay as they are."""
    return single(tax_rate_service.update(tax_rate_id, version=expected_version(_get), **fields))


@blueprint.post("/<uuid:tax_rate_id>/archive")
@requires("prices:write")
@blueprint.action(TaxRateSchema, body=NothingSchema)
def archive(_nothing: dict[str, Any], tax_rate_id: UUID) -> ResponseReturnValue:
    """Archive a tax: it is no longer offered."""
    version = optional_version(_get)
    return single(tax_rate_service.archive(tax_rate_id, version=version))


@blueprint.post("/<uuid:tax_rate_id>/restore")
@requires("prices:write")
@blueprint.action(TaxRateSchema, body=NothingSchema)
def restore(_nothing: dict[str, Any], tax_rate_id: UUID) -> ResponseReturnValue:
    """Offer a tax again."""
    version = optional_version(_get)
    return single(tax_rate_service.restore(tax_rate_id, version=version))
