"""Fixtures: the week before a visit, and the links in the message that confirmed it."""

import pytest
import time_machine

from tests.notifications.links.messages import BEFORE, a_visit, sent_links


@pytest.fixture
def week_before():
    """Be a week before the visit; `shift` lets time pass."""
    with time_machine.travel(BEFORE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def visit(here, clinic, week_before, mailbox):
    """A booked visit."""
    with here():
        return a_visit()


@pytest.fixture
def links(here, visit):
    """The paths of the links in the message that confirmed the visit."""
    with here():
        return sent_links()
