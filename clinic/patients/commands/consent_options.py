"""The options `--agree` and `--refuse` of commands, and the answers that they stand for."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from clinic.patients.consent_rules import CHANNELS, PURPOSES, TOPICS, Topic


class TopicType(click.ParamType[Topic]):
    """A purpose and a channel, written `reminders:sms`."""

    name = "PURPOSE:CHANNEL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Topic:
        """Return the purpose and the channel."""
        purpose, _, channel = str(value).partition(":")
        if (purpose, channel) not in TOPICS:
            purposes, channels = ", ".join(PURPOSES), ", ".join(CHANNELS)
            self.fail(f"{value!r} is no PURPOSE:CHANNEL; purposes are {purposes}, channels {channels}", param, ctx)
        return purpose, channel


def answer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options `--agree` and `--refuse`."""
    refuse = click.option(
        "--refuse",
        metavar="PURPOSE:CHANNEL",
        type=TopicType(),
        multiple=True,
        help="A no, such as news:email; repeatable.",
    )
    agree = click.option(
        "--agree",
        metavar="PURPOSE:CHANNEL",
        type=TopicType(),
        multiple=True,
        help="A yes, such as reminders:sms; repeatable.",
    )
    return agree(refuse(command))


def given_answers(agree: Iterable[Topic], refuse: Iterable[Topic]) -> list[dict[str, str]]:
    """Return the answers of `--agree` and `--refuse` as a program sends them."""
    answers = [*((topic, "yes") for topic in agree), *((topic, "no") for topic in refuse)]
    return [{"purpose": purpose, "channel": channel, "answer": answer} for (purpose, channel), answer in answers]
