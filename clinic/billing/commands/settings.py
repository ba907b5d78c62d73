"""The command `flask billing settings`."""

from typing import Any

import click

from clinic.billing.commands.group import group
from clinic.billing.schemas.settings import BillingSettingsSchema
from clinic.billing.service import billing_settings_service, tax_rate_service
from clinic.core.context import current_actor
from clinic.core.errors import PermissionDenied
from clinic.web.cli import load_options, show_record
from clinic.web.merge_patch import patch_schema


@group.command("settings", needs="clinic:read")
@click.option("--legal-name", help="As on the register; an empty text is the clinic's name.")
@click.option("--address", help="Lines are separated by line breaks.")
@click.option("--phone")
@click.option("--email")
@click.option("--tax-number", help="VAT or tax number.")
@click.option("--iban")
@click.option("--bic")
@click.option("--number-pattern", help="E.g. INV-YYYY-#####.")
@click.option("--payment-days", metavar="DAYS", help="An invoice is due so many days after its issue.")
@click.option("--prices-include-tax", type=bool, metavar="yes|no", help="If not, tax is added to prices.")
@click.option("--default-tax", metavar="NAME", help="By name or id; an empty text is none.")
@click.option("--footer", help="Printed below each invoice.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def settings(as_json: bool, default_tax: str | None, **options: Any) -> None:
    """Show the settings of billing, after changing those that are given.

    For example: flask billing settings --tax-number "PT 509 000 111" --default-tax "VAT 23 %"
    """
    given = options | ({} if default_tax is None else {"default_tax_rate_id": _tax_id(default_tax)})
    fields = load_options(patch_schema(BillingSettingsSchema), given)
    if fields and not current_actor().has_permission("clinic:write"):
        raise PermissionDenied("clinic:write")
    found = billing_settings_service.update(version=None, **fields) if fields else billing_settings_service.current()
    show_record(BillingSettingsSchema().dump(found), as_json=as_json)


def _tax_id(name: str) -> str:
    return str(tax_rate_service.identify(name).id) if name else ""
