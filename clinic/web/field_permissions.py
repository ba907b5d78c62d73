"""Fields of schemas that not everybody may see: left out of what is told, refused in what is sent."""

from collections.abc import Mapping
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError, fields, post_dump, validates_schema

from clinic.core.context import current_actor

SomeField = TypeVar("SomeField", bound=fields.Field[Any])

NOT_YOURS = "You may not change this"
_NEEDS = "x-permission"
"""Where a field keeps its permission; the API's description shows what begins with x-."""


class FieldPermissionSchema(Schema):
    """A schema whose fields each may need a permission of whoever acts."""

    @post_dump
    def leave_out(self, dumped: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Leave out what whoever acts may not see."""
        hidden = self._hidden()
        return {name: value for name, value in dumped.items() if name not in hidden}

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_hidden(self, _loaded: Any, sent: Any, **_options: Any) -> None:
        """Refuse to set what whoever acts may not see.

        :raises ValidationError: naming every such field
        """
        if refused := self._hidden() & set(sent if isinstance(sent, Mapping) else ()):
            raise ValidationError({name: [NOT_YOURS] for name in sorted(refused)})

    def _hidden(self) -> set[str]:
        named = {field.data_key or name: field.metadata.get(_NEEDS) for name, field in self.fields.items()}
        return {
            name for name, permission in named.items() if permission and not current_actor().has_permission(permission)
        }


def requires_permission(permission: str, field: SomeField) -> SomeField:
    """Show a field of a `GuardedSchema` to those only who have a permission, and let only them set it."""
    words = f"Only for those who have the permission {permission}: others neither get nor send it."
    said = field.metadata.get("description")
    field.metadata = {**field.metadata, _NEEDS: permission, "description": f"{said}. {words}" if said else words}
    return field
