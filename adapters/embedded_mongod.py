"""The database that comes along: a real `mongod` under the data folder, kept running while the server runs."""

import asyncio
import contextlib
import logging
from pathlib import Path

from adapters.database_errors import DatabaseDidNotStart, DatabaseProblem, PortTaken
from adapters.free_port import any_free_port, is_free
from adapters.mongod_binary import usable_mongod
from adapters.mongod_folder import MongodFolder, RunningMongod
from adapters.mongod_process import MongodProcess
from adapters.replica_set import NAME, become_primary

_log = logging.getLogger(__name__)

_START_SECONDS = 120.0  # one is usual; replaying the journal of a big database after a crash takes its time
_ADOPT_SECONDS = 20.0
_SHUTDOWN_SECONDS = 20.0
_BREAK_OFF_SECONDS = 8.0  # for one that has not begun to serve
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 30.0
_STABLE_SECONDS = 60.0  # having lived this long, its next death is a new story and starts with the first pause
_ATTEMPTS = 3  # to find a free port, which another program may take between our look and mongod's
_PORT_TAKEN_STATUS = 48  # mongod's exit status for it


class EmbeddedMongod:
    """One `mongod` as a replica set of one, on 127.0.0.1, owned by one server at a time.

    A `mongod` that dies is started again on the same port. A `mongod` that outlived its server (which was killed) is
    adopted by the next server on that data folder, or ended when it was started in another way than we would.

    Args:
        data_dir: the server's data folder; the database lives in its sub-folder `mongod`.
        port: the TCP port, or 0 for the one used last or else any that is free.
        cache_gb: WiredTiger's cache in GB; mongod does not accept less than 0.25.
    """

    def __init__(self, data_dir: Path, *, port: int = 0, cache_gb: float = 0.25) -> None:
        self._folder = MongodFolder(data_dir)
        self._wanted_port = port
        self._cache_gb = cache_gb
        self._port = 0
        self._binary = Path()
        self._process: MongodProcess | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The connection string; valid from the end of `start`, and unchanged by restarts of the `mongod`."""
        return f"mongodb://127.0.0.1:{self._port}/?directConnection=true&replicaSet={NAME}"

    @property
    def pid(self) -> int | None:
        """The process id of the `mongod` that runs now; another one after each restart."""
        return self._process.pid if self._process and self._process.alive else None

    async def start(self) -> str:
        """Returns the connection string once the node is a primary that takes writes.

        Raises:
            DatabaseProblem: one of its subclasses, for what the user can change.
        """
        self._binary = await asyncio.to_thread(usable_mongod)
        self._folder.acquire()
        try:
            process = await self._adopt() or await self._launch_on_some_port()
        except BaseException:  # cancelled or failed: leave neither process nor lock behind
            await self.stop(_BREAK_OFF_SECONDS)
            raise
        self._supervisor = asyncio.create_task(self._supervise(process), name="mongod supervisor")
        return self.url

    async def stop(self, patience: float | None = None) -> None:
        """Shuts the database down in order and gives the data folder free. Harmless when it is not running.

        Args:
            patience: seconds after which it is killed instead, which its journal bears; 20 unless given.
        """
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        if self._process is not None:
            await self._process.end(_SHUTDOWN_SECONDS if patience is None else patience)
        self._folder.release()

    async def end_orphan(self) -> None:
        """Ends a `mongod` that outlived its server on this data folder, without starting one.

        Raises:
            DataFolderInUse: its server lives.
        """
        self._folder.acquire()
        try:
            orphan = self._folder.running()
            if orphan is not None:
                with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                    await MongodProcess(orphan.pid).end(_SHUTDOWN_SECONDS)
        finally:
            self._folder.release()

    async def _adopt(self) -> MongodProcess | None:
        orphan = self._folder.running()
        if orphan is None:
            return None
        try:
            self._process = process = MongodProcess(orphan.pid)
        except ProcessLookupError:  # it has just ended by itself
            return None
        if self._fits(orphan):
            try:
                await self._until_primary(process, orphan.port, _ADOPT_SECONDS)
            except DatabaseDidNotStart as problem:
                _log.warning("the mongod of an earlier server does not answer", extra={"reason": str(problem)})
            else:
                _log.info("adopted the mongod of an earlier server", extra={"pid": orphan.pid, "port": orphan.port})
                self._port = orphan.port
                return process
        _log.info("ending the mongod of an earlier server", extra={"pid": orphan.pid})
        await process.end(_SHUTDOWN_SECONDS)
        return None

    def _fits(self, orphan: RunningMongod) -> bool:
        return self._wanted_port in {0, orphan.port} and orphan.command == self._command(orphan.port)

    async def _launch_on_some_port(self) -> MongodProcess:
        if self._wanted_port:
            return await self._launch(self._wanted_port)
        remembered = self._folder.remembered_port()
        for _ in range(_ATTEMPTS):
            try:
                return await self._launch(remembered or any_free_port())
            except PortTaken:
                remembered = None
        return await self._launch(any_free_port())

    async def _launch(self, port: int) -> MongodProcess:
        """Starts a new process on the port and returns it when it is primary."""
        if not is_free(port):
            raise PortTaken(port=port)
        self._process = process = MongodProcess.spawn(self._command(port), self._folder.errors)
        try:
            await self._until_primary(process, port, _START_SECONDS)
        except DatabaseDidNotStart:
            await process.end(_SHUTDOWN_SECONDS)
            if process.exit_code == _PORT_TAKEN_STATUS:
                raise PortTaken(port=port) from None
            raise
        self._port = port
        self._folder.remember_port(port)
        return process

    async def _until_primary(self, process: MongodProcess, port: int, seconds: float) -> None:
        """Waits for the process to take writes, but not longer than it lives."""
        primary = asyncio.create_task(become_primary(port, process.pid))
        death = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({primary, death}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if primary.done():
                return primary.result()
        finally:
            for task in (primary, death):
                task.cancel()
            await asyncio.gather(primary, death, return_exceptions=True)
        reason = f"no primary within {seconds:g} s" if process.alive else self._folder.last_words()
        raise DatabaseDidNotStart(reason=reason, log=self._folder.log)

    async def _supervise(self, process: MongodProcess) -> None:
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE_SECONDS
        while True:
            since = loop.time()
            await process.wait()
            if loop.time() - since > _STABLE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            status = "unknown" if process.exit_code is None else process.exit_code
            words = self._folder.dying_words()
            _log.error("mongod has ended with status %s, starting it again: %s", status, words, extra={"in_s": pause})
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            try:
                process = await self._launch(self._port)
            except DatabaseProblem:
                _log.exception("mongod could not be started again", extra={"next_in_s": pause})
            else:
                _log.info("mongod runs again", extra={"pid": process.pid, "port": self._port})

    def _command(self, port: int) -> tuple[str, ...]:
        return (
            *(str(self._binary), "--dbpath", str(self._folder.database), "--port", str(port)),
            *("--bind_ip", "127.0.0.1", "--nounixsocket"),  # a socket file in /tmp would be open to every user
            *("--replSet", NAME, "--oplogSize", "512"),
            *("--wiredTigerCacheSizeGB", f"{self._cache_gb:g}"),
            *("--logpath", str(self._folder.log), "--logappend"),
            # Its own telemetry costs CPU and disk on a small machine, and nobody reads it here.
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # Of some 300 files it keeps those of a dropped database open for ten minutes, and aborts when there are too
            # many: what nobody has used for a while is closed.
            *("--setParameter", "wiredTigerFileHandleCloseIdleTime=15"),
            # What a killed server had begun to write holds its documents for so long; ours take a fraction of a second.
            *("--setParameter", "transactionLifetimeLimitSeconds=10"),
        )
