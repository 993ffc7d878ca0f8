"""Random secrets of sessions and tokens, and the hashes that are stored of them.

They have 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
"""

import hashlib
import secrets


def new_secret(prefix: str = "") -> str:
    return prefix + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """What is stored and looked up: 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
