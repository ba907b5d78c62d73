"""Consent: its purposes and channels, the states of an answer, and what registration alone allows."""

from collections.abc import Collection, Mapping

PURPOSES = {"care": "Care messages", "reminders": "Reminders", "recalls": "Recalls", "news": "News"}
CHANNELS = {"email": "Email", "sms": "SMS", "phone": "Phone", "post": "Post"}

YES, NO, WITHDRAWN = "yes", "no", "withdrawn"
BY_REGISTRATION, NOT_ASKED = "by-registration", "not-asked"
STATES = {
    YES: "Yes",
    NO: "No",
    WITHDRAWN: "Withdrawn",
    BY_REGISTRATION: "On, by registration",
    NOT_ASKED: "Not asked",
}
ALLOWED = (YES, BY_REGISTRATION)
"""States in which the clinic may write to the patient."""

REGISTRATION, REGISTRATION_FORM, NOT_STATED = "registration", "registration-form", "not-stated"
LINK = "link"
"""The source of what a patient answers through a link in a message."""

GIVEN_SOURCES = {
    "in-person": "In person",
    "phone": "On the phone",
    "signed-form": "Signed form",
    "written": "Email or letter",
}
"""How a patient answers; the labels of the other sources are in `SOURCES`."""

SOURCES = {
    REGISTRATION: "By registration",
    REGISTRATION_FORM: "Asked at registration",
    **GIVEN_SOURCES,
    LINK: "Link in a message",
    "earlier-record": "Earlier record",
    NOT_STATED: "Not stated",
}

Topic = tuple[str, str]
"""A purpose and a channel."""

TOPICS: tuple[Topic, ...] = tuple((purpose, channel) for purpose in PURPOSES for channel in CHANNELS)
ON_BY_REGISTRATION: frozenset[Topic] = frozenset({("care", "email"), ("reminders", "email")})
"""Topics that count as agreed to by registration, until the patient answers."""

ANSWERED = tuple(purpose for purpose in PURPOSES if purpose != "care")
"""Purposes that the desk asks about; care messages belong to the registration."""

Ticks = Mapping[str, Collection[str]]
"""The ticked channels of each purpose."""


def registration_ticks() -> dict[str, list[str]]:
    """Return the ticked channels of each purpose in the form of a registration: those that are on by registration."""
    return {purpose: [one for one in CHANNELS if (purpose, one) in ON_BY_REGISTRATION] for purpose in PURPOSES}


def initial_state(topic: Topic) -> str:
    """Return the state of a topic to which the patient has not answered."""
    return BY_REGISTRATION if topic in ON_BY_REGISTRATION else NOT_ASKED


def next_state(state: str, agrees: bool) -> str:
    """Return the state after an answer: a no to what was allowed before is a withdrawal."""
    if agrees:
        return YES
    return WITHDRAWN if state in {*ALLOWED, WITHDRAWN} else NO


def registration_answers(ticks: Ticks, reachable: Collection[str], *, asked: bool) -> dict[Topic, bool]:
    """Return the answers of a registration form, in which the topics that are on by registration came ticked.

    Unless everything was `asked`, an unticked box is no answer, and neither is one of a channel without an address.
    """
    answers = {}
    for purpose, channel in TOPICS:
        ticked = channel in ticks.get(purpose, ())
        changed = ticked != ((purpose, channel) in ON_BY_REGISTRATION)
        if changed or (asked and purpose in ANSWERED and channel in reachable):
            answers[purpose, channel] = ticked
    return answers


def changed_answers(states: Mapping[Topic, str], ticks: Ticks, refused: Collection[str]) -> dict[Topic, bool]:
    """Return an answer for each topic whose tick in a form differs from its present state.

    An unticked box of a topic that was not asked is a no only for the purposes in `refused`.
    """
    answers = {}
    for (purpose, channel), state in states.items():
        ticked = channel in ticks.get(purpose, ())
        if ticked != (state in ALLOWED) or (not ticked and state == NOT_ASKED and purpose in refused):
            answers[purpose, channel] = ticked
    return answers


def topic_label(topic: Topic) -> str:
    """Return the name of a topic inside a sentence: `care messages by email`."""
    purpose, channel = topic
    return f"{PURPOSES[purpose].lower()} by {channel_label(channel)}"


def channel_label(channel: str) -> str:
    """Return the name of a channel inside a sentence."""
    return "SMS" if channel == "sms" else CHANNELS[channel].lower()
