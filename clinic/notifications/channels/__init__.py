"""The channels by which messages reach patients: email, a call by the desk, a printed letter."""

from collections.abc import Mapping, Sequence

from clinic.notifications.channels.base import Channel
from clinic.notifications.channels.email import EmailChannel
from clinic.notifications.channels.letter import LetterChannel
from clinic.notifications.channels.phone import PhoneChannel

CHANNELS: Mapping[str, Channel] = {
    channel.name: channel for channel in (EmailChannel(), PhoneChannel(), LetterChannel())
}
"""The channels by name, in the order in which pages offer them."""


def channel_of(name: str) -> Channel:
    """Return a channel.

    :raises KeyError: if there is no channel of that name
    """
    return CHANNELS[name]


def worker_channels() -> Sequence[str]:
    """Return the names of the channels whose messages a worker delivers; those of the others wait for the desk."""
    return [channel.name for channel in CHANNELS.values() if channel.by_worker]


def desk_channels() -> Sequence[str]:
    """Return the names of the channels whose messages are tasks for the desk."""
    return [channel.name for channel in CHANNELS.values() if not channel.by_worker]


__all__ = ["CHANNELS", "Channel", "channel_of", "desk_channels", "worker_channels"]
