"""Schema fields that need a permission: omitted when dumped, refused when loaded."""

from collections.abc import Mapping
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError, fields, post_dump, validates_schema

from clinic.core.context import current_actor

SomeField = TypeVar("SomeField", bound=fields.Field[Any])

NOT_PERMITTED = "You may not change this"
_NEEDS = "x-permission"
"""The metadata key of a field's permission; OpenAPI shows keys that begin with x-."""


class FieldPermissionSchema(Schema):
    """A schema whose fields may each need a permission of the current actor."""

    @post_dump
    def omit_hidden(self, dumped: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Omit the fields that the current actor may not see."""
        hidden = self._hidden()
        return {name: value for name, value in dumped.items() if name not in hidden}

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_hidden(self, _loaded: Any, sent: Any, **_options: Any) -> None:
        """Refuse fields that the current actor may not see.

        :raises ValidationError: naming each of them
        """
        if refused := self._hidden() & set(sent if isinstance(sent, Mapping) else ()):
            raise ValidationError({name: [NOT_PERMITTED] for name in sorted(refused)})

    def _hidden(self) -> set[str]:
        named = {field.data_key or name: field.metadata.get(_NEEDS) for name, field in self.fields.items()}
        return {
            name for name, permission in named.items() if permission and not current_actor().has_permission(permission)
        }


def requires_permission(permission: str, field: SomeField) -> SomeField:
    """Require a permission to see or set a field of a `FieldPermissionSchema`."""
    note = f"Only for those who have the permission {permission}: others neither get nor send it."
    described = field.metadata.get("description")
    field.metadata = {
        **field.metadata,
        _NEEDS: permission,
        "description": f"{described}. {note}" if described else note,
    }
    return field
