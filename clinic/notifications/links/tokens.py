"""Tokens of links: derived from the message and a key, so that nothing readable is stored.

A token is an HMAC over the id of its message, what the link is for and what the message says about a visit. So it is
the same over all attempts to send a message that says the same, another one once the message says something else, and
no other token follows from it. The database has its SHA-256 hash alone, which is looked up like any other key: whoever
can measure how long that takes learns about hashes, not about tokens.
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

from flask import current_app


def derive_token(notification_id: UUID, purpose: str, told: str = "") -> str:
    """Return the token of a link in a message: 256 bits in 43 characters of an address."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    content = f"link:{purpose}:{notification_id}:{told}".encode()
    return urlsafe_b64encode(hmac.digest(key, content, "sha256")).rstrip(b"=").decode()


def hash_token(token: str) -> str:
    """Return the hash by which the token of a link is stored and found."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
