"""The clinics of an installation."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import bindparam, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.util import identity_key

from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.db.transaction import find_row, keep_loaded
from clinic.core.errors import Conflict, InvalidInput, NotFound, NotSetUp, StaleVersion
from clinic.core.places import country_of_zone
from clinic.core.recent import has_recent_settings, read_setting
from clinic.core.tenancy import current_clinic_id
from clinic.core.text import is_storable, tidy_line
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.models import Clinic, Membership
from clinic.identity.roles import OVERBOOK
from clinic.identity.zone_change import ZoneChange, change_zone, preview_change


class ClinicFields(TypedDict):
    """The settings with which a clinic is set up; its country is that of its time zone unless given."""

    name: str
    zone: str
    country: NotRequired[str | None]
    currency: str
    locale: str
    address: NotRequired[str | None]
    phone: NotRequired[str | None]
    email: NotRequired[str | None]


class SettingsFields(TypedDict):
    """The settings that can be changed later; amounts already stored depend on the currency."""

    name: NotRequired[str]
    zone: NotRequired[str]
    country: NotRequired[str]
    subdivision: NotRequired[str | None]
    locale: NotRequired[str]
    address: NotRequired[str | None]
    phone: NotRequired[str | None]
    email: NotRequired[str | None]
    idle_minutes: NotRequired[int]
    absolute_hours: NotRequired[int]
    late_cancel_hours: NotRequired[int]
    desk_overbooks: NotRequired[bool]


class ClinicExists(Conflict):
    """There is already a clinic with that name."""

    code = "clinic-exists"


class ClinicChanged(StaleVersion):
    """Somebody else has changed the clinic's settings."""


class ClinicNotChosen(InvalidInput):
    """There are several clinics and none is named."""

    code = "which-clinic"

    def __init__(self) -> None:
        super().__init__("There are several clinics here: say which one", field="clinic")


class ClinicService:
    """The clinics of the installation."""

    def create(self, **fields: Unpack[ClinicFields]) -> Clinic:
        """Set up a clinic.

        :raises ClinicExists: if the name is taken
        """
        try:
            with unit_of_work():
                clinic = Clinic(**{"country": country_of_zone(fields["zone"]), **fields})
                db.session.add(clinic)
                db.session.flush()
        except IntegrityError as error:
            raise ClinicExists(f"There is already a clinic named {fields['name']}") from error
        return clinic

    def update(self, *, version: int | None, seen: str | None = None, **fields: Unpack[SettingsFields]) -> Clinic:
        """Change the given settings of the current clinic; session limits and permissions apply to open sessions too.

        With another time zone, what is to come keeps its local time. `version` is the one that was edited, None skips
        the check; `seen` is the seal of the preview of the time zone that was shown, None to change it without one.

        :raises InvalidInput: if receptionists would get a permission that the actor lacks
        :raises ClinicChanged: if somebody else has changed it
        :raises ClinicExists: if the name is taken
        :raises ZoneChangeRefused: if records are in the way of the time zone, or something else was shown
        """
        try:
            with unit_of_work():
                clinic = self.lock()
                if version not in {None, clinic.version}:
                    raise ClinicChanged
                if fields.get("desk_overbooks") and not clinic.desk_overbooks:
                    _check_granted(OVERBOOK)
                if (zone := fields.get("zone", clinic.zone)) != clinic.zone:
                    change_zone(clinic, zone, seen)
                for name, value in fields.items():
                    setattr(clinic, name, value)
                db.session.flush()
        except IntegrityError as error:
            raise ClinicExists(f"There is already a clinic named {fields.get('name')}") from error
        return clinic

    def preview_zone(self, zone: str) -> ZoneChange:
        """Return what changes if the current clinic moves to another time zone."""
        return preview_change(self.current(), zone)

    def zone_so_far(self) -> str | None:
        """Return the time zone in which local times were understood so far in this session, None if it was not read."""
        clinic = db.session().identity_map.get(identity_key(Clinic, current_clinic_id()))
        return inspect(clinic).dict.get("zone") if clinic else None

    def current(self, *, reload: bool = False) -> Clinic:
        """Return the current clinic, which is read once in a transaction, or again if `reload` is set.

        :raises NotFound: if it no longer exists
        """
        if reload or not has_recent_settings():
            return _loaded(reload=reload)
        return read_setting("clinic", _detached)

    def lock(self) -> Clinic:
        """Return the current clinic, locked until the unit of work ends (on PostgreSQL): its zone stays."""
        clinic = db.session.get_one(
            Clinic, current_clinic_id(), with_for_update={"key_share": True}, populate_existing=True
        )
        keep_loaded(clinic)
        return clinic

    def list(self) -> Sequence[Clinic]:
        """Return all clinics, the oldest first."""
        return db.session.scalars(select(Clinic).order_by(Clinic.id)).all()

    def list_of_member(self, member_id: UUID) -> Sequence[Clinic]:
        """Return the clinics in which a person is active, by name."""
        return db.session.scalars(_OF_MEMBER, {"member_id": member_id}).all()

    def resolve(self, name: str | None = None) -> UUID:
        """Return the id of the clinic with a name, or of the only clinic if no name is given.

        :raises NotFound: if no clinic has that name
        :raises ClinicNotChosen: if there are several and none is named
        :raises NotSetUp: if there is none
        """
        if name is None:
            self.require_any()
            ids = db.session.scalars(select(Clinic.id).limit(2)).all()
            if len(ids) > 1:
                raise ClinicNotChosen
            return ids[0]
        wanted = tidy_line(name)
        if not is_storable(wanted):
            raise NotFound("There is no clinic with that name")
        found = db.session.scalar(select(Clinic.id).where(Clinic.name == wanted))
        if found is None:
            raise NotFound(f"There is no clinic named {name}")
        return found

    def require_any(self) -> None:
        """Check that the installation has a clinic.

        :raises NotSetUp: if it has none
        """
        if db.session.scalar(select(Clinic.id).limit(1)) is None:
            raise NotSetUp


clinic_service = ClinicService()

_OF_MEMBER = prepared(
    select(Clinic)
    .join(Membership, Membership.clinic_id == Clinic.id)
    .where(Membership.member_id == bindparam("member_id", type_=Membership.member_id.type), Membership.active)
    .order_by(Clinic.name)
)


def _loaded(*, reload: bool = False) -> Clinic:
    clinic_id = current_clinic_id()
    clinic = db.session.get(Clinic, clinic_id, populate_existing=True) if reload else find_row(Clinic, clinic_id)
    if clinic is None:
        raise NotFound
    keep_loaded(clinic)
    return clinic


def _detached() -> Clinic:
    """Return the current clinic as a row that no transaction reads again."""
    clinic = _loaded()
    db.session.expunge(clinic)
    return clinic


def _check_granted(permission: str) -> None:
    """Check that the current actor has the permission that a setting gives to others.

    :raises InvalidInput: if they lack it
    """
    if not current_actor().has_permission(permission):
        raise InvalidInput("You can't grant a permission that you do not have", field="desk_overbooks")
