"""TemplateService: a clinic's own texts of messages, and which kinds it sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from uuid import UUID

from sqlalchemy import bindparam, select

from clinic.core.db import db
from clinic.core.db.orm_session import prepared
from clinic.core.errors import Conflict, InvalidInput, NotFound, StaleVersion
from clinic.core.recent import read_setting
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from clinic.notifications.kinds import KINDS
from clinic.notifications.models import MessageKindSetting, MessageTemplate
from clinic.notifications.writing.languages import LANGUAGES, TemplateText, default_text
from clinic.notifications.writing.placeholders import template_problems

CHANNELS = {"email": "Email"}
"""The label of each channel whose messages have texts, by its name."""

UNSAVED = 0
"""The version of a text or setting that was never changed."""

_NO_ROW = UUID(int=0)


class TemplateNotFound(NotFound):
    """There is no such kind of message, or no text of it by the channel or in the language."""

    def __init__(self) -> None:
        super().__init__("There is no such text")


class NothingToRestore(Conflict):
    """The clinic has never had a text of its own."""

    code = "nothing-to-restore"

    def __init__(self) -> None:
        super().__init__("There is no text of the clinic's own to go back to")


@dataclass(frozen=True)
class TemplateKey:
    """Which text: of a kind of message, by a channel, in a language (ISO 639)."""

    kind: str
    channel: str
    language: str


@dataclass(frozen=True)
class Template:
    """The text that is used: the clinic's own if it `is_own`, otherwise the default."""

    key: TemplateKey
    subject: str
    text: str
    is_own: bool = False
    version: int = UNSAVED
    updated_at: datetime | None = None
    id: UUID = _NO_ROW

    @property
    def written(self) -> TemplateText:
        """The subject and the text."""
        return TemplateText(self.subject, self.text)


@dataclass(frozen=True)
class KindSetting:
    """Whether the clinic sends a kind of message."""

    kind: str
    enabled: bool = True
    version: int = UNSAVED
    id: UUID = _NO_ROW

    @property
    def label(self) -> str:
        """The label of the kind."""
        return KINDS[self.kind].label


class TemplateService:
    """The texts of the messages of the current clinic."""

    def list(self) -> Sequence[Template]:
        """Return the text of every kind by every channel in every language."""
        stored = {_key_of(row): row for row in db.session.scalars(select(MessageTemplate))}
        keys = [TemplateKey(*names) for names in product(KINDS, CHANNELS, LANGUAGES)]
        return [_template(key, stored.get(key)) for key in keys]

    def get(self, key: TemplateKey) -> Template:
        """Return the text that is used for a kind of message.

        :raises TemplateNotFound: if there is none
        """
        _check_key(key)
        return _template(key, db.session.scalar(_STORED, vars(key)))

    def own_text(self, key: TemplateKey) -> TemplateText | None:
        """Return the clinic's own text, None where the default is used."""
        return read_setting(key, lambda: _own_text(key))

    def save(self, key: TemplateKey, *, version: int | None, subject: str, text: str) -> Template:
        """Store a text of the clinic's own; `version` is the one that was edited, None skips the check.

        :raises TemplateNotFound: if there is no such kind, channel or language
        :raises InvalidInput: if it has placeholders that its kind does not have; all of them are reported
        :raises StaleVersion: if somebody else has changed it
        """
        _check_key(key)
        check_placeholders(key.kind, subject, text)
        with unit_of_work():
            row = _lock(key, version)
            if row is None:
                row = MessageTemplate(kind=key.kind, channel=key.channel, language=key.language)
                db.session.add(row)
            row.subject, row.text, row.in_use = subject, text, True
            db.session.flush()
        return _template(key, row)

    def reset(self, key: TemplateKey, *, version: int | None) -> Template:
        """Use the default text again; the clinic's own is kept, so that this can be undone.

        :raises TemplateNotFound: if there is no such kind, channel or language
        :raises StaleVersion: if somebody else has changed it
        """
        return self._set_use(key, version, in_use=False)

    def restore(self, key: TemplateKey, *, version: int | None) -> Template:
        """Use the clinic's last own text again.

        :raises TemplateNotFound: if there is no such kind, channel or language
        :raises NothingToRestore: if there never was one
        :raises StaleVersion: if somebody else has changed it
        """
        return self._set_use(key, version, in_use=True)

    def kinds(self) -> Sequence[KindSetting]:
        """Return for each kind of message whether the clinic sends it."""
        stored = {row.kind: row for row in db.session.scalars(select(MessageKindSetting))}
        return [_setting(kind, stored.get(kind)) for kind in KINDS]

    def get_kind(self, kind: str) -> KindSetting:
        """Return whether the clinic sends a kind of message.

        :raises TemplateNotFound: if there is no such kind
        """
        if kind not in KINDS:
            raise TemplateNotFound
        return _setting(kind, db.session.scalar(select(MessageKindSetting).where(MessageKindSetting.kind == kind)))

    def switch(self, kind: str, *, enabled: bool, version: int | None) -> KindSetting:
        """Send a kind of message from now on, or not; one that waits is not sent either while it is off.

        :raises TemplateNotFound: if there is no such kind
        :raises StaleVersion: if somebody else has changed it
        """
        if kind not in KINDS:
            raise TemplateNotFound
        with unit_of_work():
            clinic_service.lock()
            row = db.session.scalar(select(MessageKindSetting).where(MessageKindSetting.kind == kind))
            _check_version(row.version if row else UNSAVED, version)
            if row is None:
                row = MessageKindSetting(kind=kind)
                db.session.add(row)
            row.enabled = enabled
            db.session.flush()
        return _setting(kind, row)

    def is_switched_off(self, kind: str) -> bool:
        """Return whether the current clinic does not send a kind of message."""
        return read_setting(("kind", kind), lambda: db.session.scalar(_IS_ENABLED, {"of_kind": kind}) is False)

    def _set_use(self, key: TemplateKey, version: int | None, *, in_use: bool) -> Template:
        _check_key(key)
        with unit_of_work():
            row = _lock(key, version)
            if row is None and in_use:
                raise NothingToRestore
            if row is not None:
                row.in_use = in_use
                db.session.flush()
        return _template(key, row)


_IS_ENABLED = prepared(select(MessageKindSetting.enabled).where(MessageKindSetting.kind == bindparam("of_kind")))
_STORED = prepared(
    select(MessageTemplate).where(
        MessageTemplate.kind == bindparam("kind"),
        MessageTemplate.channel == bindparam("channel"),
        MessageTemplate.language == bindparam("language"),
    )
)

template_service = TemplateService()


def check_placeholders(kind: str, subject: str, text: str) -> None:
    """Check the placeholders of a text.

    :raises InvalidInput: if some are unknown or stand where they may not; all of them are reported
    """
    problems = template_problems(kind, subject, text)
    if problems:
        raise InvalidInput(next(iter(problems.values()))[0], problems=problems)


def _lock(key: TemplateKey, version: int | None) -> MessageTemplate | None:
    """Return the row of a text, if there is one; the clinic is locked, so that two people can't both add it."""
    clinic_service.lock()
    row: MessageTemplate | None = db.session.scalar(_STORED, vars(key), execution_options={"populate_existing": True})
    _check_version(row.version if row else UNSAVED, version)
    return row


def _own_text(key: TemplateKey) -> TemplateText | None:
    row = db.session.scalar(_STORED, vars(key))
    return TemplateText(row.subject, row.text) if row is not None and row.in_use else None


def _check_version(stored: int, version: int | None) -> None:
    if version not in {None, stored}:
        raise StaleVersion


def _check_key(key: TemplateKey) -> None:
    if key.kind not in KINDS or key.channel not in CHANNELS or key.language not in LANGUAGES:
        raise TemplateNotFound


def _key_of(row: MessageTemplate) -> TemplateKey:
    return TemplateKey(row.kind, row.channel, row.language)


def _template(key: TemplateKey, row: MessageTemplate | None) -> Template:
    if row is not None and row.in_use:
        return Template(key, row.subject, row.text, True, row.version, row.updated_at, row.id)
    default = default_text(key.kind, key.language)
    version, row_id = (row.version, row.id) if row else (UNSAVED, _NO_ROW)
    return Template(key, default.subject, default.text, version=version, id=row_id)


def _setting(kind: str, row: MessageKindSetting | None) -> KindSetting:
    return KindSetting(kind, row.enabled, row.version, row.id) if row else KindSetting(kind)
