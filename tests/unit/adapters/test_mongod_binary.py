"""Where the embedded database cannot run, the message says why and what to do."""

import shutil
from pathlib import Path

import pytest

from adapters.database_errors import (
    EmbeddedDatabaseNotInstalled,
    PlatformUnsupported,
    ProcessorTooOld,
    SharedLibraryMissing,
)
from adapters.mongod_binary import installed_mongod, require_avx, require_loadable, require_platform


def test_on_another_platform_the_message_tells_how_to_get_a_database() -> None:
    with pytest.raises(PlatformUnsupported, match="Darwin arm64.*SOM_MONGODB_URL.*Docker.*apt.*brew"):
        require_platform("Darwin", "arm64")


def test_linux_on_x86_64_is_supported() -> None:
    require_platform("Linux", "x86_64")


def test_without_the_package_the_message_names_the_extra() -> None:
    with pytest.raises(EmbeddedDatabaseNotInstalled, match=r"som-order-manager\[embedded\].*SOM_MONGODB_URL"):
        installed_mongod("som-no-such-package")


def test_a_missing_shared_library_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "mongod"
    program = Path(shutil.which("true") or "/bin/true").read_bytes()
    broken.write_bytes(program.replace(b"libc.so.6", b"libq.so.6"))
    broken.chmod(0o755)
    with pytest.raises(SharedLibraryMissing, match="libq.so.6: cannot open shared object file.*SOM_MONGODB_URL"):
        require_loadable(broken)


def test_a_program_that_the_system_cannot_load_at_all_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SharedLibraryMissing, match="cannot be loaded here: No such file"):
        require_loadable(tmp_path / "mongod")


def test_a_processor_without_avx_is_refused() -> None:
    with pytest.raises(ProcessorTooOld, match="AVX"):
        require_avx("processor\t: 0\nflags\t\t: fpu sse sse2 avx512_missing\n")


@pytest.mark.parametrize("cpuinfo", ["flags\t\t: fpu avx sse2\n", "a list of processors in an unknown form"])
def test_a_processor_with_avx_or_of_unknown_abilities_is_accepted(cpuinfo: str) -> None:
    require_avx(cpuinfo)
