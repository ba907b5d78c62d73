"""Writes header fields and reads them again with two parsers; also a script, for other versions of Python.

As a script it reads a JSON list of pairs of a name and a subject, and prints what was found in each mail.
"""

import json
import re
import sys
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

CLINIC = Path(__file__).parents[2] / "clinic"
SENDER = "desk@example.org"

_spec = spec_from_file_location("headers", CLINIC / "core" / "mail" / "headers.py")
assert _spec
assert _spec.loader
headers: Any = module_from_spec(_spec)
_spec.loader.exec_module(headers)


def remove_fix() -> None:
    """Remove the fix of CVE-2024-6923 from this process's standard library, if it has the fix."""
    generator: Any = import_module("email.generator")
    base: Any = import_module("email._policybase")
    grammar: Any = import_module("email._header_value_parser")
    generator.NEWLINE_WITHOUT_FWSP = re.compile("(?!)")
    base.Policy.verify_generated_headers = False
    grammar.NLSET = set()
    grammar.SPECIALSNL = grammar.SPECIALS


def write(name: str, subject: str) -> bytes:
    """Return a mail from a name with a subject."""
    fields: str = headers.text_field("Subject", subject) + headers.address_field("From", name, SENDER)
    return (fields + "\r\nBody\r\n").encode()


def found(name: str, subject: str) -> list[Any]:
    """Return what each parser finds in a mail: names of fields, subject, mailboxes, body; or that it was refused."""
    try:
        raw = write(name, subject)
    except headers.UnsafeHeader:
        return ["refused"]
    assert all(len(line) <= 998 for line in raw.splitlines())
    return [_read_by_default(raw), _read_by_compat32(raw)]


def meant(name: str, subject: str) -> list[Any]:
    """Return what both parsers must find."""
    return [[["Subject", "From"], subject, [[name, SENDER]], "Body"]] * 2


def _read_by_default(raw: bytes) -> list[Any]:
    mail = message_from_bytes(raw, policy=policy.default)
    mailboxes = [[one.display_name, one.addr_spec] for one in mail["From"].addresses]
    return [mail.keys(), str(mail["Subject"]), mailboxes, str(mail.get_payload()).strip()]


def _read_by_compat32(raw: bytes) -> list[Any]:
    mail = message_from_bytes(raw, policy=policy.compat32)
    mailboxes = [[_decoded(name), address] for name, address in getaddresses([mail["From"]])]
    return [mail.keys(), _decoded(mail["Subject"]), mailboxes, str(mail.get_payload()).strip()]


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


if __name__ == "__main__":
    if "--without-fix" in sys.argv:
        remove_fix()
    json.dump([found(*pair) for pair in json.load(sys.stdin)], sys.stdout)
