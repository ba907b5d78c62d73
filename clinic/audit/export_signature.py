"""Signatures of exported CSV files, to check later that a file is as it was exported.

A signature is the HMAC-SHA256 of everything before it in the file, with a key derived from the audit trail's.
"""

import hmac
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from clinic.audit.hash_chain import audit_key, is_anything_sealed

MARK = "signature"
_SIGNATURE_LENGTH = len("\r\n") + 2 * sha256().digest_size
_PURPOSE = b"clinic: exports of the audit trail"


def with_signature(lines: Iterable[str], columns: int) -> Iterator[str]:
    """Return the lines of a CSV file and a signature line: `MARK` in the first cell, the signature in the last.

    :raises BadConfiguration: at once, if the key of the audit trail is missing
    """
    return _with_signature(lines, columns, _signer())


def has_valid_signature(path: Path) -> bool:
    """Return whether a CSV file is byte for byte as it was signed.

    :raises BadConfiguration: if the key of the audit trail is missing
    """
    signer, last = _signer(), b""
    with path.open("rb") as file:
        for line in file:
            signer.update(last)
            last = line
    signer.update(last[:-_SIGNATURE_LENGTH])
    return hmac.compare_digest(_signature(signer).encode(), last[-_SIGNATURE_LENGTH:])


def _with_signature(lines: Iterable[str], columns: int, signer: "hmac.HMAC") -> Iterator[str]:
    for line in lines:
        signer.update(line.encode())
        yield line
    before = MARK + "," * (columns - 1)
    signer.update(before.encode())
    yield before + _signature(signer)


def _signature(signer: "hmac.HMAC") -> str:
    return signer.hexdigest() + "\r\n"


def _signer() -> "hmac.HMAC":
    """Return the HMAC with a key of its own, so that a seal is never a valid signature, nor the reverse."""
    key = audit_key(is_first=not is_anything_sealed())
    return hmac.new(hmac.digest(key, _PURPOSE, sha256), digestmod=sha256)
