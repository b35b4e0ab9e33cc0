"""Landing encrypted at rest. Here: sealing and unsealing bytes with the configured key. Not here: what is in them."""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipelines.errors import InputError

MAGIC = b"FULCAST\x01"
NONCE_BYTES = 12


class Seal:
    """AES-256-GCM under a key made from FULCAST_LANDING_KEY; without a key, bytes stay as they are."""

    def __init__(self, secret: str | None) -> None:
        self._cipher = AESGCM(hashlib.sha256(secret.encode()).digest()) if secret else None

    @property
    def is_on(self) -> bool:
        return self._cipher is not None

    def seal(self, content: bytes) -> bytes:
        """`content` encrypted, or as it is where no key is configured."""
        if self._cipher is None:
            return content
        nonce = os.urandom(NONCE_BYTES)
        return MAGIC + nonce + self._cipher.encrypt(nonce, content, MAGIC)

    def unseal(self, stored: bytes) -> bytes:
        """What was sealed; bytes that never were come back as they are.

        Raises InputError when the key is missing or another one.
        """
        if not is_sealed(stored):
            return stored
        if self._cipher is None:
            raise InputError("Landing is encrypted; set FULCAST_LANDING_KEY to the key that it was encrypted with.")
        nonce, sealed = stored[len(MAGIC) : len(MAGIC) + NONCE_BYTES], stored[len(MAGIC) + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, sealed, MAGIC)
        except InvalidTag as problem:
            raise InputError("Landing was encrypted with another key; set FULCAST_LANDING_KEY to that one.") from problem


def is_sealed(stored: bytes) -> bool:
    """True for bytes, or the first of them, that were encrypted here."""
    return stored.startswith(MAGIC)
