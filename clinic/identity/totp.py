"""Codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

import hashlib
import hmac
import re
from datetime import datetime

import pyotp
import segno
from markupsafe import Markup

from clinic.identity.passwords import new_secret

RECOVERY_CODES = 10
MAX_ISSUER = 40
"""Characters of the clinic's name in the QR code, which would be too fine to scan with more."""

_CODE = re.compile("[0-9]{6}")
_PIXELS = 4


def new_totp_secret() -> str:
    """Return a new secret of 160 bits, which an authenticator app and the server share."""
    return pyotp.random_base32()


def totp_uri(secret: str, email: str, issuer: str) -> str:
    """Return the otpauth URI of a secret, labelled with the names of clinic and account."""
    name = " ".join(issuer.replace(":", " ").split())[:MAX_ISSUER]  # a colon would end the issuer
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=name)


def totp_qr(uri: str) -> Markup:
    """Return the QR code of a URI as SVG, black on white in every colour scheme."""
    code = segno.make_qr(uri, error="L")  # segno raises the level as far as the size allows
    drawn = code.svg_inline(
        scale=_PIXELS, light="#fff", svgclass=None, lineclass=None, title="QR code for an authenticator app"
    )
    return Markup(drawn.replace("<svg ", '<svg role="img" ', 1))  # noqa: S704 - drawn of squares only


def matching_step(secret: str, code: str, at: datetime, last_step: int | None) -> int | None:
    """Return the 30-second step of a code: the current one or a neighbour, later than `last_step`; None if wrong.

    The result is the next `last_step`, so that a code works once.
    """
    typed = "".join(code.split())
    if not _CODE.fullmatch(typed):
        return None
    totp = pyotp.TOTP(secret)
    current = totp.timecode(at)
    steps = [step for step in (current - 1, current, current + 1) if last_step is None or step > last_step]
    matching = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), typed)]
    return matching[0] if matching else None


def new_recovery_codes() -> list[str]:
    """Return single-use codes of 80 bits, each of which replaces a code of the app."""
    return [new_secret(groups=4, length=4) for _ in range(RECOVERY_CODES)]


def recovery_hash(code: str) -> str:
    """Return the hash of a recovery code, independent of case, spaces and dashes."""
    typed = re.sub(r"[\W_]+", "", code).lower()
    return hashlib.sha256(typed.encode("utf-8", "surrogatepass")).hexdigest()
