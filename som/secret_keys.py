"""The keys that secrets are encrypted with: given by the operator, or made for the embedded database."""

import os
import secrets
from pathlib import Path

from models.domain.errors import SomError
from models.sealing import SHORTEST_KEY
from som.settings import Settings

FILE = "secret.key"


class SecretKeyUnusable(SomError):
    """A key for secrets cannot be used."""


def secret_keys(settings: Settings) -> tuple[str, ...]:
    """All keys, the one that encrypts first; none where the operator has given none for a database of his own.

    With the embedded database, which no other host uses, the server makes a key for itself: a file in the data folder
    that only its owner can read. It is part of what has to be backed up.

    Raises:
        SecretKeyUnusable: a key is too short, or the file cannot be read.
    """
    if settings.secret_key is not None:
        return _checked(settings.secret_key.get_secret_value().split(","), "SOM_SECRET_KEY")
    if settings.secret_key_file is not None:
        return _checked(_read(settings.secret_key_file).splitlines(), str(settings.secret_key_file))
    if settings.mongodb_url:
        return ()
    file = settings.data_dir / FILE
    return _checked((_read(file) if file.exists() else _made(file)).splitlines(), str(file))


def _checked(keys: list[str], source: str) -> tuple[str, ...]:
    given = tuple(key.strip() for key in keys if key.strip())
    if not given or any(len(key) < SHORTEST_KEY for key in given):
        raise SecretKeyUnusable(
            f"Each key in {source} has to be a random text of at least {SHORTEST_KEY} characters, such as "
            "`openssl rand -base64 32` makes."
        )
    return given


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretKeyUnusable(f"The key in {file} cannot be read: {error}") from error


def _made(file: Path) -> str:
    """Make the file; of two processes that do so at once, the second takes what the first has made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_urlsafe(48)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(f"{key}\n")
    try:
        os.link(draft, file)  # whole, or not at all
    except FileExistsError:
        return _read(file)
    finally:
        draft.unlink()
    return key
