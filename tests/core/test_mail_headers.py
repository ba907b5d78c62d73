"""Header fields of mail: every parser finds the one mailbox and the very text, on every version of Python."""

import json
import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from clinic.core.mail.headers import UnsafeHeader, address_field, text_field
from clinic.web.fields import Line
from tests.core import read_headers
from tests.core.read_headers import found, meant

LONG = "Harbour Clinic, Centre for Family Medicine, Physiotherapy and Rehabilitation, Lda"
INJECTION = "\r\nReply-To: x@example.org\r\n\r\nPay here"
GIVEN = ("Conceição", "António", "Inês", "João", "Maria da Conceição", "José Luís", "Luísa", "Ana", "Tomé", "Zoë")
FAMILY = (
    *("António", "Gonçalves", "Araújo", "de São José", "Magalhães", "Sá e Melo", "Brandão", "Pereira", "Guimarães"),
    *("Conceição", "dos Santos Assunção", "Leitão", "Frazão", "Vicêncio", "Mourão", "O'Neill", "Sant'Ana"),
)
OTHERS = (
    *(LONG, "x" * 200, "ç" * 200, 'say "hi" \\ there', "Okafor, Amara <a@example.org>", "=?utf-8?q?hi?=", "😀" * 50),
    *("Александр Сергеевич Пушкин-Ганнибал", "山田太郎" * 40, "Dr. Zoë Strauß (locum)", "a\u00a0b", "Ana\u2003é", "."),
)

bounded = settings(max_examples=100, derandomize=True, deadline=None)
fragments = st.sampled_from(["Conceição", "António", "Lda", ",", '"', "\\", "=?", "?=", "<", "(", " ", "=?utf-8?q?"])
texts = st.one_of(st.text(max_size=200), st.lists(fragments, max_size=40).map(" ".join))
hostile = st.lists(st.one_of(fragments, st.sampled_from(["\r", "\n", "\0", "=0d=0a", "DQo=", "utf-16", "?b?"]))).map(
    "".join
)


def tidy(text: str) -> str:
    """Return a text as a field stores it, with single spaces, as Python's parser finds only those."""
    try:
        line = Line(max_length=800).deserialize(text)
    except ValidationError:
        line = None
    assume(line)
    return re.sub("[ \t]+", " ", str(line))


def encoded(text: str, encoding: str, charset: str = "utf-8") -> str:
    """Return a text as an encoded word."""
    if encoding == "b":
        return f"=?{charset}?b?{b64encode(text.encode(charset)).decode()}?="
    return f"=?{charset}?q?{''.join(f'={byte:02x}' for byte in text.encode(charset))}?="


@pytest.mark.slow
@given(texts)
@example("Conceição António")
@example(LONG)
@bounded
def test_every_parser_finds_one_mailbox_with_the_very_name_and_the_very_subject(text: str) -> None:
    text = tidy(text)

    assert found(text, text) == meant(text, text)


@pytest.mark.slow
@given(hostile)
@bounded
def test_a_text_that_is_not_refused_adds_neither_a_field_nor_a_line_nor_a_mailbox(text: str) -> None:
    results = found(text, text)

    for fields, subject, mailboxes, body in results if results != ["refused"] else []:
        assert (fields, len(mailboxes), body) == (["Subject", "From"], 1, "Body")
        assert not {"\r", "\n", "\0"} & {*subject, *mailboxes[0][0]}


@pytest.mark.row(49)
@pytest.mark.parametrize("forged", [INJECTION, "\r", "\n", "\0"], ids=ascii)
@pytest.mark.parametrize(
    ("encoding", "charset"), [("q", "utf-8"), ("b", "utf-8"), ("q", "utf-8*en"), ("b", "utf-7"), ("q", "nonsense")]
)
def test_a_line_break_is_refused_however_it_is_encoded(encoding: str, charset: str, forged: str) -> None:
    known = charset if charset.startswith("utf-7") else "utf-8"
    text = f"Inês {encoded(forged, encoding, known).replace(known, charset, 1)}"

    for refused in (text, encoded(text, encoding), text.replace(f"?{encoding}?", f"?{encoding.upper()}?")):
        with pytest.raises(UnsafeHeader):
            text_field("Subject", refused)
        with pytest.raises(UnsafeHeader):
            address_field("From", refused, "desk@example.org")


@pytest.mark.parametrize(
    "address",
    ["x", "x@", "a b@example.org", "x@example.org>, <y@example.org", "x\u2028@example.org", "=?utf-8?q?=0a?=@a.org"],
)
def test_an_address_that_would_be_read_as_something_else_is_refused(address: str) -> None:
    with pytest.raises(UnsafeHeader):
        address_field("To", "Inês", address)


SAY_VERSION = "import sys; print(sys.version, end='')"


def pythons() -> dict[str, str]:
    """Return each version of Python on this machine that the application allows, with a command that starts it."""
    found = {sys.version: sys.executable}
    listed = os.environ.get("CLINIC_TEST_PYTHONS", "").split(os.pathsep)
    for command in (*listed, *(f"python3.{minor}" for minor in range(11, 20))):
        if path := shutil.which(command):
            started = subprocess.run([path, "-c", SAY_VERSION], check=False, capture_output=True, text=True)
            if started.returncode == 0:
                found.setdefault(started.stdout, path)
    return found


def read_by(python: str, pairs: list[list[str]], *options: str) -> Any:
    script = str(Path(read_headers.__file__))
    done = subprocess.run(
        [python, script, *options], input=json.dumps(pairs), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.row(49)
@pytest.mark.parametrize("options", [[], ["--without-fix"]], ids=["as it is", "without the fix of CVE-2024-6923"])
def test_names_are_written_alike_on_every_python_of_this_machine(options: list[str]) -> None:
    names = [*OTHERS, *(" ".join(parts) for parts in product(GIVEN, FAMILY, FAMILY))]
    forged = [f"Inês {encoded(INJECTION, encoding)}" for encoding in "qb"]
    expected = [meant(name, name) for name in names] + [["refused"]] * 2

    for version, python in pythons().items():
        read = read_by(python, [[name, name] for name in names + forged], *options)
        wrong = [(name, one) for name, one, right in zip(names + forged, read, expected, strict=True) if one != right]
        assert wrong == [], version
