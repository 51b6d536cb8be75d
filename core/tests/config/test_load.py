"""Configuration: precedence, sources, types, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tradewind.config import ConfigError, load


def setting(loaded, section, key):  # type: ignore[no-untyped-def]
    """The setting of that name."""
    return next(each for each in loaded.settings if (each.section, each.key) == (section, key))


def test_defaults_name_the_home(tmp_path: Path) -> None:
    loaded = load(tmp_path, {})
    assert loaded.config.database.url == f"sqlite:///{tmp_path}/tradewind.db"
    assert loaded.config.dags.folder == tmp_path / "dags"
    assert setting(loaded, "dags", "folder").source == "default"


def test_home_comes_from_the_environment(tmp_path: Path) -> None:
    assert load(environ={"TRADEWIND_HOME": str(tmp_path)}).config.home == tmp_path


def test_environment_stands_above_the_file_and_the_command_line_above_both(tmp_path: Path) -> None:
    (tmp_path / "tradewind.toml").write_text('[web]\nport = 1\nhost = "a"\n[executor]\nslots = 3\n')
    loaded = load(tmp_path, {"TRADEWIND__WEB__PORT": "2", "TRADEWIND__WEB__HOST": "b"}, {("web", "host"): "c"})
    assert (loaded.config.web.port, loaded.config.web.host, loaded.config.executor.slots) == (2, "c", 3)
    assert setting(loaded, "web", "port").source == "TRADEWIND__WEB__PORT"
    assert setting(loaded, "web", "host").source == "command line"
    assert setting(loaded, "executor", "slots").source == str(tmp_path / "tradewind.toml")


def test_values_come_from_files_and_commands(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("sqlite:///x.db\n")
    environ = {
        "TRADEWIND__DATABASE__URL_FILE": str(tmp_path / "url"),
        "TRADEWIND__SECURITY__FERNET_KEY_CMD": "printf 'from a command'",
    }
    loaded = load(tmp_path, environ)
    assert loaded.config.database.url == "sqlite:///x.db"
    assert loaded.config.security.fernet_key == "from a command"
    assert setting(loaded, "security", "fernet_key").shown == "***"
    assert setting(loaded, "database", "url").shown == "***"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"TRADEWIND__WEB__PROT": "1"},
            r"Unknown configuration key web.prot in the environment. Did you mean web.port\?",
        ),
        ({"TRADEWIND__WEB__PORT": "many"}, r"web.port = 'many' \(from TRADEWIND__WEB__PORT\) is not of type int"),
        ({"TRADEWIND__DAGS__LOAD_EXAMPLES": "perhaps"}, "write true or false"),
        ({"TRADEWIND__DATABASE__URL_FILE": "/no/such/file"}, "names /no/such/file, which cannot be read"),
        ({"TRADEWIND__DATABASE__URL_CMD": "false"}, "The command in TRADEWIND__DATABASE__URL_CMD failed"),
    ],
)
def test_bad_environment_is_refused(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, environ)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[dags]\nfodler = '/x'\n",
            r"Unknown configuration key dags.fodler in .*tradewind.toml. Did you mean dags.folder\?",
        ),
        ("port = 1\n", "Unknown configuration key port."),
        ("[web\n", "is not valid TOML"),
        ("[web]\nport = true\n", "is not of type int"),
        ("[database]\nurl = 3\n", "give a string"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tradewind.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, {})


def test_lists_are_written_as_toml_json_or_words(tmp_path: Path) -> None:
    name = "TRADEWIND__DAGS__BUNDLE_INCLUDE"
    assert load(tmp_path, {name: "*.sql, *.sh"}).config.dags.bundle_include == ("*.sql", "*.sh")
    assert load(tmp_path, {name: '["*.sql"]'}).config.dags.bundle_include == ("*.sql",)


def test_every_key_says_what_it_does(tmp_path: Path) -> None:
    assert all(each.doc.endswith(".") for each in load(tmp_path, {}).settings)
