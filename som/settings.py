"""What an operator can set, with every default and its reason.

`docs/reference/settings.md` is written from the descriptions here.
"""

import os
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyNetwork, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

PREFIX = "SOM_"

# Read by others than the server: the command line's address, and what the tests are told.
_NOT_SETTINGS = frozenset({"SOM_URL", "SOM_REFERENCE_DIR", "SOM_TEST_MONGODB_URL"})

Role = Literal["api", "scheduler", "notifier"]
ALL_ROLES: frozenset[Role] = frozenset({"api", "scheduler", "notifier"})


def _parts(value: object) -> object:
    """A text of parts separated by commas, as the environment and flags have it, taken apart."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _roles(value: object) -> object:
    parts = _parts(value)
    return ALL_ROLES if parts == ["all"] else parts


def _at_least_one(roles: frozenset[Role]) -> frozenset[Role]:
    if not roles:
        raise ValueError("name at least one role, or `all`")
    return roles


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("it has to begin with http:// or https://")
    return value.rstrip("/")


def _prefix(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError("it has to begin with /")
    return value.rstrip("/")


class Settings(BaseSettings):
    """How a server runs.

    Flags go before the environment (`SOM_…`), which goes before the file, which goes before the defaults.

    Raises:
        pydantic.ValidationError: a value is not usable, or the file names something that is no setting.
        pydantic_settings.SettingsError: the file cannot be read.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    config: Path | None = Field(
        None,
        description="A TOML file with any of these settings by name. None by default: the defaults serve a "
        "first look, and containers set the environment.",
    )
    mongodb_url: str | None = Field(
        None,
        repr=False,  # it may hold a password
        description="Connection string of a MongoDB replica set. Without it the server runs a real `mongod` "
        "of its own under the data folder, so that nothing has to be installed for a first look.",
    )
    mongodb_database: str = Field(
        "som",
        min_length=1,
        max_length=38,
        description="Name of the database. Servers that share it share the work.",
    )
    database_wait: float = Field(
        30.0,
        ge=1,
        le=3600,
        description="Seconds that a start waits for the given database. 30: what is started together with it, or while "
        "it fails over, need not be started twice. An address that cannot be right is refused at once.",
    )
    data_dir: Path = Field(
        Path("./.som"),
        description="Folder for the embedded database, the log and the process id of a detached server. In "
        "the working folder by default, so that two checkouts do not meet.",
    )
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address to listen on. Loopback by default: callers are not identified yet, so nobody "
        "else should reach it unless you want that.",
    )
    port: int = Field(8641, ge=0, le=65535, description="TCP port to listen on; 0 takes any that is free.")
    roles: Annotated[frozenset[Role], NoDecode, BeforeValidator(_roles), AfterValidator(_at_least_one)] = Field(
        ALL_ROLES,
        description="What this process does: `api`, `scheduler`, `notifier`, separated by commas, or `all`. "
        "All by default: one process is enough until one core is not.",
    )
    public_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        None,
        description="Address that clients and fulfillers reach the server at. Without it an `href` follows "
        "the request that asked, and callback addresses are made of host and port.",
    )
    path_prefix: Annotated[str, AfterValidator(_prefix)] = Field(
        "",
        description="Path in front of all of ours, where a proxy shares one host among several programs and "
        "passes the path on as it is. Empty by default.",
    )
    trust_forwarded: bool = Field(
        False,
        description="Whether `X-Forwarded-Proto`, `-Host` and `-Prefix` are believed. Off by default, since "
        "any client can send them; turn it on behind a proxy that sets them.",
    )
    catalog_check: bool = Field(
        True,
        description="Whether an order has to name specifications that the catalogue knows. Off only for "
        "conformance tests against unknown specifications; such an order is then held for a "
        "person.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Key that secrets are encrypted with in the database: credentials of fulfillers, signing secrets "
        "of subscriptions, the key of callback addresses. A random text of at least 32 characters, the same for all "
        "processes. Several, separated by commas: the first encrypts, all decrypt, and each start brings everything "
        "under the first. Without one, the embedded database gets a key file in the data folder; with a database of "
        "your own, credentials and subscribers' secrets are refused.",
    )
    secret_key_file: Path | None = Field(
        None,
        description="A file with such keys, one a line, for those who mount secrets as files. None by default.",
    )
    callback_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Secret that callback addresses are derived with. Without it one is made at the first "
        "start and kept in the database, encrypted where there is a SOM_SECRET_KEY, so that all servers on it agree.",
    )
    node: str = Field(
        "",
        max_length=255,
        description="Name of this process in leases and logs, different for each. Without it, host name and port.",
    )
    lease_seconds: float = Field(
        15.0,
        ge=2,
        le=600,
        description="How long claimed work stays with a process that is not heard of any more. 15 seconds: a "
        "pause of the process is survived, and after a crash nobody waits long.",
    )
    plan_concurrency: int = Field(
        200,
        ge=1,
        le=100_000,
        description="Plans that one scheduler works on at the same time; those that only wait for a fulfiller's answer "
        "do not count. 200: enough to write in big groups, little enough to leave work for another scheduler.",
    )
    plans_in_hand: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Plans that one scheduler has in memory, also those that wait for an answer or for a place at a "
        "fulfiller; no fulfiller takes up more than its share, and further plans wait in the database. 1000: ten "
        "fulfillers that hang leave room enough for the others.",
    )
    page_default: int = Field(
        100, ge=1, le=100_000, description="Resources that a list answers when the client names no limit: 100."
    )
    page_max: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Resources that a list answers at most: 1000, some 40 MB of big orders. Who wants more, pages.",
    )
    max_body_bytes: int = Field(
        5_000_000,
        ge=1_000,
        le=14_000_000,
        description="Largest request body. 5 MB is an order of a thousand items with room; a document in "
        "MongoDB ends at 16 MB.",
    )
    max_body_values: int = Field(
        100_000,
        ge=1_000,
        le=5_000_000,
        description="Most values in a request body: attributes, and elements of arrays. 100,000 is an order of a "
        "thousand items with some twenty characteristics each. Very many tiny values cost far more than their bytes, "
        "and reading them is a step that nobody else can run beside: some ten milliseconds at this number.",
    )
    query_timeout: float = Field(
        2.0,
        gt=0,
        le=300,
        description="Seconds that a list may take in the database before it is refused as too expensive. 2: "
        "an indexed query takes milliseconds, and a slow one slows everybody.",
    )
    webhook_allow_networks: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_parts)] = Field(
        (),
        description="Private networks that hubs may call, such as `10.20.0.0/16`, separated by commas. None "
        "by default, so that a subscription cannot reach into your network; loopback is allowed "
        "while the server listens on loopback.",
    )
    delivery_concurrency: int = Field(
        16,
        ge=1,
        le=1000,
        description="Notifications to one subscriber at the same time. 16: a subscriber of 200 ms takes 80 a "
        "second, and is not stormed. Those about one resource keep their order in any case.",
    )
    delivery_schedule: Annotated[
        tuple[Annotated[float, Field(ge=0.01, le=604_800)], ...], NoDecode, BeforeValidator(_parts)
    ] = Field(
        (1, 5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400),
        min_length=1,
        max_length=100,
        description="Seconds to wait after the first, second … failed delivery; after the last one it is "
        "given up until somebody replays it. Three days by default: a subscriber that fails on "
        "Friday evening is there again on Monday.",
    )
    retention_days_deliveries: int = Field(
        30,
        ge=1,
        le=36_500,
        description="Days that finished deliveries are kept, to look at and replay: 30. Those that wait are "
        "kept in any case.",
    )
    retention_days_events: int = Field(
        90,
        ge=1,
        le=36_500,
        description="Days that events, which are the history of orders and services, are kept: 90. They take "
        "the most room.",
    )
    retention_days_processes: int = Field(
        90,
        ge=1,
        le=36_500,
        description="Days that process flows, which hold people's tasks, are kept after their end, with their task "
        "flows: 90, as long as the history that names who did them. Those of an order go with it when it is deleted.",
    )
    command_dir: Path | None = Field(
        None,
        description="Folder of the executables that fulfillers of the kind `command` may name. None by default: "
        "whoever registers fulfillers then cannot start anything on this host.",
    )
    ansible_dir: Path | None = Field(
        None,
        description="Folder of the Ansible projects that fulfillers of the kind `ansible` may name. None by default, "
        "for the same reason.",
    )
    ansible_runs_dir: Path | None = Field(
        None,
        description="Folder in which runs of Ansible are kept, their truth and what they said. Without it, `ansible` "
        "in the data folder. Schedulers on several hosts need one that they share.",
    )
    monitor_dir: Path | None = Field(
        None,
        description="Folder of the folders in which fulfillers of the kind `prometheus` may keep monitors, one for "
        "each Prometheus server that reads them. None by default: whoever registers fulfillers then cannot write to "
        "this host.",
    )
    log_format: Literal["text", "json"] = Field(
        "text",
        description="`text` for people, one line each, or `json` for collectors. Text by default: the first "
        "reader is one.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged. `info` tells what moves; nothing is logged per request."
    )

    @model_validator(mode="before")
    @classmethod
    def _name_the_node(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values if values.get("node") else {**values, "node": _default_node(values.get("port", 8641))}

    @model_validator(mode="after")
    def _pages_fit(self) -> Self:
        if self.page_default > self.page_max:
            raise ValueError(f"page_default ({self.page_default}) is more than page_max ({self.page_max})")
        return self

    def listening_on(self, port: int) -> Self:
        """These settings with the port that was found free, where any would do.

        The node's name follows: two processes that both asked for any port are two nodes.
        """
        node = _default_node(port) if self.node == _default_node(self.port) else self.node
        return self.model_copy(update={"port": port, "node": node})

    def callback_base(self) -> str:
        """What callback addresses begin with: the public address, or host and port as this host sees them."""
        return (self.public_url or f"http://{reachable(self.host)}:{self.port}") + self.path_prefix

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - named by the library
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, file; the file is the one that a flag or the environment names."""
        named = init_settings().get("config") or os.environ.get(f"{PREFIX}CONFIG")
        file = InitSettingsSource(settings_cls, _read(Path(named)) if named else {})
        return init_settings, env_settings, file


def _default_node(port: int | str) -> str:
    return f"{socket.gethostname()}:{port}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} is not TOML: {error}.") from None


def reachable(host: str) -> str:
    """The host as it stands in an address: a wildcard becomes this host's name, IPv6 gets its brackets."""
    if host in {"0.0.0.0", "::", "*"}:  # noqa: S104 - compared, not bound
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none: misspelt ones, most of the time."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _NOT_SETTINGS
    return sorted(name for name in environ if name.startswith(PREFIX) and name.upper() not in known)
