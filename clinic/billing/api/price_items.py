"""JSON endpoints of items of the price list."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.billing.api.archive import list_filters
from clinic.billing.schemas.prices import ArchivedQuery, PriceItemSchema
from clinic.billing.service import PriceItem, price_list
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

blueprint = ApiBlueprint("price_items", __name__, path="price-items", noun="price_item", description="The price list")


def _get(item_id: UUID) -> PriceItem:
    """Return an item by the argument of its address."""
    return price_list.get(item_id)


handle_stale_version(blueprint, _get, PriceItemSchema)


@blueprint.get("")
@requires("invoices:read")
@blueprint.problems()
@blueprint.query(ArchivedQuery)
@blueprint.response(200, list_schema(PriceItemSchema), headers=LIST_HEADERS)
def index(query: dict[str, Any]) -> ResponseReturnValue:
    """List items of the price list."""
    filters, texts = list_filters(query)
    return listed(price_list.list(**filters), *texts)


@blueprint.post("")
@requires("prices:write")
@blueprint.idempotent()
@blueprint.problems(409)
@blueprint.body(PriceItemSchema)
@blueprint.response(201, PriceItemSchema, headers=CREATED_HEADERS)
def create(fields: dict[str, Any]) -> ResponseReturnValue:
    """Add an item; 409 if another one has its name or code."""
    record = price_list.create(**fields)
    return created(record, ".show", item_id=record.id)


@blueprint.get("/<uuid:item_id>")
@requires("invoices:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, PriceItemSchema, headers=RECORD_HEADERS)
def show(item_id: UUID) -> ResponseReturnValue:
    """Return an item."""
    return single(price_list.get(item_id))


@blueprint.patch("/<uuid:item_id>")
@requires("prices:write")
@blueprint.problems(404, 409)
@blueprint.versioned(required=True)
@blueprint.merge_patch(PriceItemSchema)
@blueprint.response(200, PriceItemSchema, headers=RECORD_HEADERS)
def update(fields: dict[str, Any], item_id: UUID) -> ResponseReturnValue:
    """Update an item; a history is replaced as a whole, and issued invoices stay as they are."""
    return single(price_list.update(item_id, version=expected_version(_get), **fields))


@blueprint.post("/<uuid:item_id>/archive")
@requires("prices:write")
@blueprint.action(PriceItemSchema, body=NothingSchema)
def archive(_nothing: dict[str, Any], item_id: UUID) -> ResponseReturnValue:
    """Archive an item: it is no longer offered."""
    version = optional_version(_get)
    return single(price_list.archive(item_id, version=version))


@blueprint.post("/<uuid:item_id>/restore")
@requires("prices:write")
@blueprint.action(PriceItemSchema, body=NothingSchema)
def restore(_nothing: dict[str, Any], item_id: UUID) -> ResponseReturnValue:
    """Offer an item again."""
    version = optional_version(_get)
    return single(price_list.restore(item_id, version=version))
