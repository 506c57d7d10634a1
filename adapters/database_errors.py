"""What can be wrong with the database that a person can do something about.

The docstring of each class is its message, with the details filled in.
"""

import inspect

from models.domain.errors import SomError

ELSEWHERE = (
    "Any MongoDB replica set will do (a single node is enough): start one and give its address in SOM_MONGODB_URL, "
    "for example 'mongodb://localhost:27017/?replicaSet=rs0'. To get one: with Docker "
    "'docker run -d -p 27017:27017 mongo:7 --replSet rs0', on Debian or Ubuntu the package mongodb-org of MongoDB's "
    "own apt repository, on macOS 'brew install mongodb-community' from MongoDB's tap; then run 'rs.initiate()' in "
    "mongosh once."
)


class DatabaseProblem(SomError):
    """The database cannot be used."""

    code = "databaseUnavailable"

    def __init__(self, **details: object) -> None:
        self.details = details
        template = inspect.cleandoc(type(self).__doc__ or "").replace("\n", " ")
        super().__init__(template.format(**details, elsewhere=ELSEWHERE))


class PlatformUnsupported(DatabaseProblem):
    """The embedded MongoDB runs on Linux x86-64 only, and this is {platform}. {elsewhere}"""


class EmbeddedDatabaseNotInstalled(DatabaseProblem):
    """The embedded MongoDB is not installed: 'pip install som-order-manager[embedded]' (or 'make setup') adds it.
    {elsewhere}
    """


class SharedLibraryMissing(DatabaseProblem):
    """The embedded MongoDB cannot be loaded here: {reason}. It is built for Ubuntu 22.04 and needs what that has:
    glibc 2.34 or newer, OpenSSL 3 (package libssl3) and libcurl (package libcurl4). {elsewhere}
    """


class ProcessorTooOld(DatabaseProblem):
    """The embedded MongoDB needs a processor with AVX instructions, and this one has none; in a virtual machine,
    choose a processor type that passes them on (for example 'host'). {elsewhere}
    """


class PortTaken(DatabaseProblem):
    """Port {port} on 127.0.0.1 is taken by another program: choose another one for the embedded MongoDB, or 0 for any
    that is free.
    """


class DataFolderInUse(DatabaseProblem):
    """The data folder {folder} is in use by a running server (process {owner}): stop that one, or choose another
    folder with --data-dir.
    """


class DataFolderNotWritable(DatabaseProblem):
    """The data folder {folder} cannot be written: {reason}. Choose another one with --data-dir, or correct its
    permissions.
    """


class DatabaseDidNotStart(DatabaseProblem):
    """The embedded MongoDB did not start: {reason}. Its log is {log}."""


class DatabaseAddressInvalid(DatabaseProblem):
    """The database address is not a MongoDB connection string: {reason}. It looks like
    'mongodb://host:27017/?replicaSet=rs0'.
    """


class DatabaseUnreachable(DatabaseProblem):
    """No MongoDB that takes writes answers at {address} within {seconds:g} s: {reason}. Check that it runs, that the
    address and the name of the replica set are right, and that the set has a primary (a new one needs
    'rs.initiate()' in mongosh once).
    """


class DatabaseAccessDenied(DatabaseProblem):
    """The MongoDB at {address} does not let us in: {reason}. Check the user, the password and authSource in the
    database address.
    """


class NotAReplicaSet(DatabaseProblem):
    """The MongoDB at {address} is not a replica set, and without one there are no change streams and no transactions.
    One node is enough: start mongod with '--replSet rs0' and run 'rs.initiate()' in mongosh once.
    """


class DatabaseOfANewerRelease(DatabaseProblem):
    """The database {database} belongs to a newer release than this one ({version}), which does not know what these have
    changed in it: {migrations}. Run the newer release, or restore a backup that was made before it.
    """
