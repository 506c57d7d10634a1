"""The files of a folder or an archive that somebody else may have made: nothing outside it, and no more than fits."""

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from som.cli.exits import Unusable

MAX_FILES = 2_000
MAX_BYTES = 20_000_000
"""Of all files together, unpacked."""

Files = dict[str, bytes]

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError)


def read(path: Path) -> Files:
    """The files in a folder, a tar (gzip, bzip2, xz or plain) or a zip archive, by their path inside.

    Nothing is unpacked to the disk.

    Raises:
        Unusable: it cannot be read, is too large, or holds what a package does not hold: links, devices, paths that
            lead out of it.
    """
    try:
        if path.is_dir():
            return _collected(path, _in_folder(path))
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return _collected(path, _in_zip(path, archive))
        with tarfile.open(path) as archive:
            return _collected(path, _in_tar(path, archive))
    except _BROKEN as fault:
        raise Unusable(f"{path} cannot be read as a package: {fault}.") from None


def _collected(path: Path, members: Iterator[tuple[str, IO[bytes]]]) -> Files:
    found: Files = {}
    left = MAX_BYTES
    for name, content in members:
        with content:
            # What a header says of the size is not believed.
            raw = content.read(left + 1)
        left -= len(raw)
        if left < 0:
            raise Unusable(f"The files in {path} have more than {MAX_BYTES:,} bytes together.")
        if len(found) == MAX_FILES:
            raise Unusable(f"{path} has more than {MAX_FILES:,} files.")
        if name in found:
            raise Unusable(f"{path} has {name} twice.")
        found[name] = raw
    return found


def _in_folder(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_symlink():
            raise _unusable(path, name, "is a link")
        if file.is_file() and not _is_hidden(name):
            yield name, file.open("rb")


def _in_tar(path: Path, archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for count, member in enumerate(archive):
        if count > 2 * MAX_FILES:  # folders count, too
            raise Unusable(f"{path} has more than {MAX_FILES:,} files.")
        name = _inside(path, member.name)
        if member.isdir():
            continue
        content = archive.extractfile(member) if member.isreg() else None
        if content is None:
            raise _unusable(path, name, "is a link, a device or the like")
        if not _is_hidden(name):
            yield name, content


def _in_zip(path: Path, archive: zipfile.ZipFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in archive.infolist():
        name = _inside(path, member.filename)
        mode = member.external_attr >> 16
        if member.is_dir():
            continue
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise _unusable(path, name, "is a link, a device or the like")
        if not _is_hidden(name):
            yield name, archive.open(member)


def _inside(path: Path, name: str) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or ":" in parts[0]:
        raise _unusable(path, name, "leads out of it")
    return "/".join(parts)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _unusable(path: Path, name: str, why: str) -> Unusable:
    return Unusable(f"{path} is no package: {name[:200]!r} {why}.")
