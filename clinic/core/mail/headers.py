"""Header fields of mail (RFC 5322, RFC 2047), written so that folding cannot change them.

The standard library's `EmailPolicy` decodes encoded words in a value and, before the fix of CVE-2024-6923, writes the
line breaks in them; when it folds a long display name it can lose quotes and spaces. Fields are therefore written here.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from itertools import groupby
from quopri import decodestring

MAX_ENCODED_LINE = 76
"""Characters in a line with an encoded word (RFC 2047, section 2)."""

MAX_LINE = 998
"""Characters in any line (RFC 5322, section 2.1.1)."""

_WORD_BYTES = 39
"""The most bytes of UTF-8 in an encoded word on a first line, after the longest field name."""

_LONGEST_WORD_BYTES = 720
"""The most bytes of UTF-8 in an encoded word on a line of its own."""

_BREAKS = frozenset("\r\n\0")
_ENCODED_WORD = re.compile(r"=\?([^?]*)\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", re.ASCII)
_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)
_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f<>()\[\]:;,\"\\@]+@[^\s\x00-\x1f\x7f<>()\[\]:;,\"\\@]+")


class UnsafeHeader(ValueError):
    """A value of a header field contains a line break or NUL, maybe in an encoded word, or is not an address."""

    def __init__(self, field: str) -> None:
        self.reason = f"the {field} field of the mail would contain a line break, NUL or a malformed address"
        super().__init__(self.reason)


def text_field(name: str, text: str) -> str:
    """Return a field of unstructured text, ending with CRLF.

    :raises UnsafeHeader: if a reader could find a line break or NUL in the text
    """
    _check(name, text)
    if _is_plain(text) and len(name) + 2 + len(text) <= MAX_LINE:
        return f"{name}: {text}\r\n"
    return f"{name}: {_encoded(text, _WORD_BYTES)}\r\n"


def url_field(name: str, url: str) -> str:
    """Return a field with one URL in angle brackets, ending with CRLF (RFC 2369, section 2); it is never folded.

    :raises UnsafeHeader: if it has characters that a URL does not have
    """
    if not _URL.fullmatch(url) or len(name) + len(": <>") + len(url) > MAX_LINE:
        raise UnsafeHeader(name)
    return f"{name}: <{url}>\r\n"


def address_field(name: str, display_name: str, address: str) -> str:
    """Return a field with one mailbox, ending with CRLF.

    :raises UnsafeHeader: if a reader could find a line break or NUL in it, or the address is malformed
    """
    _check(name, display_name, address)
    if not _ADDRESS.fullmatch(address):
        raise UnsafeHeader(name)
    phrase = _phrase(display_name, MAX_ENCODED_LINE - len(name) - 2)
    return f"{name}: {phrase}\r\n <{address}>\r\n"


def _phrase(text: str, first_line: int) -> str:
    """Return a display name: quoted if it is plain ASCII, otherwise with encoded words where they are necessary.

    Neighbouring words that need encoding share one encoded word, which may exceed 75 characters: Python's parser (also
    that of 3.13.0) would read a space between two adjacent encoded words of a display name.
    """
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    if _is_plain(text) and len(quoted) < MAX_LINE - MAX_ENCODED_LINE:
        return quoted
    encoded = _encoded(text, _LONGEST_WORD_BYTES)
    if len(encoded) <= first_line or "=?" in text or "" in (words := text.split(" ")):
        return encoded
    runs = [(is_atom, " ".join(run)) for is_atom, run in groupby(words, key=_is_atom)]
    return "\r\n ".join(run if is_atom else _encoded(run, _LONGEST_WORD_BYTES) for is_atom, run in runs)


def _is_plain(text: str) -> bool:
    """Return whether a text needs no encoding: ASCII words with single spaces between them."""
    return "=?" not in text and _PLAIN.fullmatch(text) is not None


def _is_atom(word: str) -> bool:
    return _ATOM.fullmatch(word) is not None


def _encoded(text: str, most: int) -> str:
    """Return a text as encoded words of at most so many bytes; readers remove the white space between them."""
    words = (b64encode(part.encode()).decode() for part in _parts(text, most))
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in words)


def _parts(text: str, most: int) -> Iterator[str]:
    """Divide a text between characters, into parts of at most so many bytes."""
    part = ""
    for character in text:
        if len((part + character).encode()) > most:
            yield part
            part = ""
        part += character
    yield part


def _check(field: str, *values: str) -> None:
    for value in values:
        decoded = value
        while not _BREAKS.intersection(decoded) and _ENCODED_WORD.search(decoded):
            decoded = _ENCODED_WORD.sub(_decoded, decoded)
        if _BREAKS.intersection(decoded):
            raise UnsafeHeader(field)


def _decoded(word: "re.Match[str]") -> str:
    """Return the text of an encoded word, as a lenient mail client decodes it."""
    charset, encoding, payload = word.groups()
    content = payload.encode("utf-8", "replace")
    found = decodestring(content, header=True) if encoding in "qQ" else _from_base64(content)
    return found.decode("latin-1") + _in_charset(found, charset.partition("*")[0])


def _from_base64(content: bytes) -> bytes:
    """Decode base64, ignoring other characters and missing padding."""
    digits = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
    return b64decode(digits[: len(digits) - (len(digits) % 4 == 1)] + b"===")


def _in_charset(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, "ignore")
    except (LookupError, ValueError):
        return ""
