"""Private keys of SSH as texts, read for programs that cannot be told a passphrase."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)


class NoPrivateKey(ValueError):
    """This is no private key of a known form, or the passphrase does not open it."""


def without_passphrase(key: str, passphrase: str | None = None) -> str:
    """The same key in OpenSSH's form, unencrypted, as `ssh-add` takes it from a pipe.

    Args:
        key: in OpenSSH's form or in PEM (PKCS #8, PKCS #1).
        passphrase: needed where it is encrypted.

    Raises:
        NoPrivateKey: it cannot be read so.
    """
    text, password = f"{key.strip()}\n".encode(), passphrase.encode() if passphrase else None
    load = load_ssh_private_key if b"BEGIN OPENSSH" in text else load_pem_private_key
    try:
        loaded = load(text, password)
        return loaded.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    except (ValueError, TypeError, UnsupportedAlgorithm):  # whose words may repeat parts of it
        raise NoPrivateKey from None
