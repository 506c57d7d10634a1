"""Settings: where they come from, and what is refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from som.settings import ALL_ROLES, Settings, unknown_variables


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SOM_{name.upper()}", raising=False)


def test_without_anything_set_a_server_is_all_roles_on_loopback_with_its_own_database() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.roles, settings.mongodb_url) == ("127.0.0.1", 8641, ALL_ROLES, None)


def test_flags_go_before_the_environment_which_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "som.toml"
    file.write_text('port = 1\nhost = "file"\nmongodb_database = "file"\n')
    monkeypatch.setenv("SOM_HOST", "environment")
    monkeypatch.setenv("SOM_PORT", "2")
    settings = Settings(config=file, port=3)
    assert (settings.port, settings.host, settings.mongodb_database) == (3, "environment", "file")


def test_the_environment_can_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "som.toml"
    file.write_text("port = 4")
    monkeypatch.setenv("SOM_CONFIG", str(file))
    assert Settings().port == 4


def test_lists_in_the_environment_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOM_ROLES", "api, notifier")
    monkeypatch.setenv("SOM_WEBHOOK_ALLOW_NETWORKS", "10.0.0.0/8,fd00::/8")
    monkeypatch.setenv("SOM_DELIVERY_SCHEDULE", "0.5,2")
    settings = Settings()
    assert settings.roles == {"api", "notifier"}
    assert [str(network) for network in settings.webhook_allow_networks] == ["10.0.0.0/8", "fd00::/8"]
    assert settings.delivery_schedule == (0.5, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SOM_ROLES", "api,cook"),
        ("SOM_ROLES", ","),
        ("SOM_PORT", "70000"),
        ("SOM_PUBLIC_URL", "orders.example.com"),
        ("SOM_PATH_PREFIX", "som"),
        ("SOM_CALLBACK_KEY", "short"),
        ("SOM_PAGE_DEFAULT", "2000"),
        ("SOM_LEASE_SECONDS", "0"),
        ("SOM_WEBHOOK_ALLOW_NETWORKS", "everything"),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_a_file_with_a_name_that_is_no_setting_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "som.toml"
    file.write_text("prot = 1")
    with pytest.raises(ValidationError, match="prot"):
        Settings(config=file)


@pytest.mark.parametrize("content", [None, "port = ", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(content: str | bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "som.toml"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError, match=r"som\.toml"):
        Settings(config=file)


def test_the_node_is_named_after_host_and_port_unless_it_has_a_name() -> None:
    assert Settings(port=9000).node.endswith(":9000")
    assert Settings(node="east").node == "east"


def test_two_processes_that_take_any_free_port_are_two_nodes() -> None:
    anywhere = Settings(port=0)
    assert anywhere.listening_on(40001).node != anywhere.listening_on(40002).node
    assert anywhere.listening_on(40001).port == 40001
    assert Settings(port=0, node="east").listening_on(40001).node == "east"


def test_neither_key_nor_database_password_is_shown() -> None:
    shown = repr(Settings(mongodb_url="mongodb://u:p4ss@db", callback_key="k" * 32))
    assert "p4ss" not in shown
    assert "kkk" not in shown


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ({}, "http://127.0.0.1:8641"),
        ({"host": "::1", "port": 1}, "http://[::1]:1"),
        ({"public_url": "https://o.example/", "path_prefix": "/som/"}, "https://o.example/som"),
    ],
)
def test_callbacks_go_to_the_public_address_or_to_host_and_port(given: dict[str, object], base: str) -> None:
    assert Settings(**given).callback_base() == base  # type: ignore[arg-type]


def test_a_misspelt_variable_is_found() -> None:
    assert unknown_variables({"SOM_PROT": "1", "SOM_PORT": "1", "SOM_URL": "x", "HOME": "/"}) == ["SOM_PROT"]
