"""Cursors: encrypted, and good for one list only."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from werkzeug.exceptions import BadRequest

from clinic.web.cursors import read_cursor, write_cursor

KEYS = [
    (uuid4(),),
    ("consultação", uuid4()),
    (datetime(2029, 11, 26, 9, tzinfo=UTC), uuid4()),
    (7, None),
]


@pytest.fixture(autouse=True)
def inside_the_application(app):
    """Cursors are encrypted with the application's key."""
    with app.app_context():
        yield


@pytest.mark.breadth
@pytest.mark.parametrize("key", KEYS, ids=["id", "text", "instant", "plain"])
def test_a_cursor_is_read_as_it_was_written(key):
    assert read_cursor(write_cursor(key, "/x", "q"), "/x", "q") == key


def test_the_end_of_a_list_has_no_cursor():
    assert write_cursor(None, "/x") is None
    assert read_cursor(None, "/x") is None
    assert read_cursor("", "/x") is None


@pytest.mark.parametrize("about", [(), ("/y",), ("/x", "q"), ("/x", "")])
def test_a_cursor_is_good_for_its_own_list_only(about):
    with pytest.raises(BadRequest):
        read_cursor(write_cursor((1,), "/x"), *about)


def test_a_cursor_that_was_encrypted_with_another_key_is_refused(app, monkeypatch):
    cursor = write_cursor((1,), "/x")
    monkeypatch.setitem(app.config, "SECRET_KEY", "another" * 10)

    with pytest.raises(BadRequest):
        read_cursor(cursor, "/x")


def test_a_cursor_reveals_neither_its_list_nor_its_place_nor_what_was_looked_for():
    cursor = write_cursor(("kanarienvogel",), "/liste", "pereira") or ""

    shown = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)) + cursor.encode()
    assert [word for word in (b"kanarien", b"liste", b"pereira") if word in shown] == []


def test_the_same_place_has_the_same_cursor():
    assert write_cursor((1,), "/x") == write_cursor((1,), "/x") != write_cursor((2,), "/x")


@pytest.mark.parametrize("cursor", ["x", "A" * 80, "é", "=", "%00"])
def test_what_is_no_cursor_is_refused(cursor):
    with pytest.raises(BadRequest):
        read_cursor(cursor, "/x")
