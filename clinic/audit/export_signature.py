"""Signatures on files that leave the house: whoever gets one back can tell whether it is as it was exported.

A signature is the HMAC-SHA256 of all that stands before it in the file, by a key that is made of the audit trail's.
"""

import hmac
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from clinic.audit.hash_chain import audit_key, is_anything_sealed

MARK = "signature"
_SIGNATURE = len("\r\n") + 2 * sha256().digest_size
_PURPOSE = b"clinic: exports of the audit trail"


def with_signature(lines: Iterable[str], columns: int) -> Iterator[str]:
    """Return the lines of a CSV file and one more: in its first cell the word, in its last one the signature.

    :raises BadConfiguration: at once, if the key of the audit trail is not here
    """
    return _with_signature(lines, columns, _signer())


def has_valid_signature(path: Path) -> bool:
    """Say whether a CSV file is, byte for byte, as it was signed.

    :raises BadConfiguration: if the key of the audit trail is not here
    """
    signer, last = _signer(), b""
    with path.open("rb") as file:
        for line in file:
            signer.update(last)
            last = line
    signer.update(last[:-_SIGNATURE])
    return hmac.compare_digest(_end(signer).encode(), last[-_SIGNATURE:])


def _with_signature(lines: Iterable[str], columns: int, signer: "hmac.HMAC") -> Iterator[str]:
    for line in lines:
        signer.update(line.encode())
        yield line
    before = MARK + "," * (columns - 1)
    signer.update(before.encode())
    yield before + _end(signer)


def _end(signer: "hmac.HMAC") -> str:
    return signer.hexdigest() + "\r\n"


def _signer() -> "hmac.HMAC":
    """Return what signs: with a key of its own, so that no seal of the trail is ever a signature, nor the reverse."""
    key = audit_key(is_first=not is_anything_sealed())
    return hmac.new(hmac.digest(key, _PURPOSE, sha256), digestmod=sha256)
