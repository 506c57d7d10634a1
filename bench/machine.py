"""What a machine and its processes say of themselves (Linux: /proc)."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has used, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_bytes(pid: int) -> int:
    """The memory that a process holds at the moment."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a run took place."""

    processor: str
    cores: int
    memory: int
    system: str
    python: str

    @classmethod
    def here(cls) -> "Machine":
        """This one."""
        return cls(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
        )

    def to_document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "processor": self.processor,
            "cores": self.cores,
            "memory": self.memory,
            "system": self.system,
            "python": self.python,
        }

    def __str__(self) -> str:
        """In a line."""
        memory = f"{self.memory / 2**30:.0f} GB"
        return f"{self.cores} cores of {self.processor}, {memory}, {self.system}, Python {self.python}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
