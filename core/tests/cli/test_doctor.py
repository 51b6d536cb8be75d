"""`doctor`, `info`, `providers`, `config list`, `-v`, and completion: what people ask when something is not as they thought."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from tradewind.cli.groups import GROUPS
from tradewind.cli.verbosity import STATEMENTS


def verdicts(run, *words: str) -> dict[str, dict[str, str]]:
    """Return the findings by check."""
    code, out, _ = run("doctor", "-o", "json", *words)
    found = json.loads(out)
    assert code == int(any(each["verdict"] == "problem" for each in found))
    return {each["check"]: each for each in found}


def test_a_healthy_installation(run, dags: Path) -> None:
    found = verdicts(run)
    assert {each["verdict"] for name, each in found.items() if name != "daemons"} == {"fine"}
    assert found["dags folder"]["what"].endswith("has 1 Python files")
    assert found["daemons"]["verdict"] == "warning"
    assert "tradewind standalone" in found["daemons"]["way out"]


def test_what_is_broken_is_named_and_the_rest_is_checked(run, dags: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (dags / "bad.py").write_text("from tradewind import DAG\n1 / 0\n")
    run("dag-processor", "--once")
    run("variables", "set", "secret", "x")
    monkeypatch.setenv("TRADEWIND__SECURITY__FERNET_KEY", Fernet.generate_key().decode())
    found = verdicts(run)
    assert found["dag files"]["what"] == "1 of 2 files could not be imported: bad.py"
    assert found["fernet key"]["verdict"] == "problem"
    assert found["clocks"]["verdict"] == "fine"


def test_without_a_database_the_first_thing_to_do_is_said(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "new"))
    found = verdicts(run)
    assert "tradewind db migrate" in found["database"]["what"]
    assert found["dags folder"]["way out"].startswith("mkdir -p")


def test_a_wrong_key_of_the_configuration_is_a_finding(run, home: Path, monkeypatch) -> None:
    monkeypatch.setenv("TRADEWIND__WEB__PROT", "1")
    assert "Did you mean web.port?" in verdicts(run)["configuration"]["what"]


def test_xcom_storages_are_named_or_what_is_wrong_with_them(run, home: Path, monkeypatch) -> None:
    monkeypatch.setenv("TRADEWIND__PLUGINS__XCOM_STORAGES", '{"near": {"storage": "folder", "location": "/near"}}')
    assert verdicts(run)["xcom storages"]["what"] == "default, near"
    monkeypatch.setenv("TRADEWIND__PLUGINS__XCOM_RULES", '[{"type": "table", "storage": "lake"}]')
    found = verdicts(run)["xcom storages"]
    assert (found["verdict"], found["what"]) == (
        "problem",
        "plugins.xcom_rules: rule 1: `storage` is 'lake', which plugins.xcom_storages does not name here; known: default, near",
    )


def test_a_provider_that_needs_another_contract_is_named(run, home: Path, tmp_path: Path, monkeypatch) -> None:
    """A distribution as pip leaves it, whose requirement nothing installed meets."""
    info = tmp_path / "site" / "tradewind_old-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: tradewind-old\nVersion: 1.0\nRequires-Dist: tradewind-plugins-api>=99\n"
    )
    (info / "entry_points.txt").write_text("[tradewind]\nold = json\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    code, out, _ = run("doctor", "-o", "json")
    problems = [each for each in json.loads(out) if each["verdict"] == "problem"]
    assert code == 1
    assert problems[0]["what"].startswith("tradewind-old 1.0 needs tradewind-plugins-api>=99 (installed: ")
    assert problems[0]["way out"] == "pip install --upgrade tradewind-old"


def test_info_keeps_secrets_and_on_request_names(run, home: Path, monkeypatch) -> None:
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", "postgresql://ann:sesame@db/name")
    whole = run("info")[1]
    assert "postgresql://***@db/name" in whole
    anonymous = run("info", "--anonymize", "-o", "json")[1]
    assert "sesame" not in whole + anonymous
    assert "ann" not in anonymous
    assert {each["part"] for each in json.loads(anonymous)} == {"tradewind", "system", "tools", "providers"}


def test_providers_are_listed_with_what_they_bring(run, home: Path) -> None:
    assert "tradewind-sqlite" in [each["provider"] for each in json.loads(run("providers", "list", "-o", "json")[1])]
    assert json.loads(run("providers", "get", "sqlite", "-f", "-o", "json")[1])[0]["requires"]
    assert "did you mean tradewind-sqlite?" in run("providers", "get", "tradewind-sqlit")[2]
    hooks = json.loads(run("providers", "hooks", "-o", "json")[1])
    assert {"fs", "sqlite"} <= {each["connection_type"] for each in hooks}
    assert "LocalExecutor" in run("providers", "executors")[1]
    assert "environment" in run("providers", "secrets")[1]
    assert "file" in run("providers", "logging")[1]
    for verb in ("behaviours", "widgets"):
        assert run("providers", verb)[0] == 0
    assert json.loads(run("plugins", "-o", "json")[1]) == json.loads(run("plugins", "list", "-o", "json")[1])


def test_the_configuration_as_a_file_to_start_from(run, home: Path) -> None:
    text = run("config", "list", "--section", "web", "-c")[1]
    assert "# [web]" in text
    assert "# port = 8080" in text
    (home / "tradewind.toml").write_text(text)
    before = run("config", "list", "--section", "web")[1]
    (home / "tradewind.toml").write_text(text.replace("# [web]", "[web]").replace("# port = 8080", "port = 8081"))
    rows = {each["key"]: each for each in json.loads(run("config", "list", "-V", "-o", "json")[1])}
    assert rows["web.port"]["value"] == "8081"
    assert rows["web.port"]["variable"] == "TRADEWIND__WEB__PORT"
    assert run("config", "list", "--section", "web", "--defaults")[1] == before
    assert "There is no section 'wep'" in run("config", "list", "--section", "wep")[2]


def test_verbose_says_the_statements_without_their_values(run, home: Path) -> None:
    run("variables", "set", "of_mine", "sesame")
    code, out, err = run("variables", "get", "of_mine", "-v")
    assert (code, out) == (0, "sesame\n")
    assert "SELECT variable" in err
    assert "of_mine" not in err
    logging.getLogger(STATEMENTS).setLevel(logging.NOTSET)  # a process of its own would have ended here
    assert run("variables", "get", "of_mine")[2] == ""


def test_the_cheat_sheet_has_every_command(run) -> None:
    lines = run("cheat-sheet")[1].splitlines()
    assert {line.split()[1] for line in lines} == set(GROUPS)
    assert any(line.startswith("tradewind dags trigger ") for line in lines)


def candidates(line: str, home: Path) -> list[str]:
    """Return what the shell would offer at the end of `line`."""
    answer = home / "answer"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run([sys.executable, "-m", "tradewind"], env=os.environ | asked, check=True)
    return [each.strip() for each in answer.read_text().split("\n")]


def test_tab_completes_commands_options_and_names(run, dags: Path) -> None:
    assert candidates("tradewind dag", dags.parent) == ["dag-processor", "dags"]
    assert candidates("tradewind dags list-i", dags.parent) == ["list-import-errors"]
    assert candidates("tradewind dags trigger --log", dags.parent) == ["--logical-date"]
    assert candidates("tradewind dags trigger sh", dags.parent) == ["shop"]
    assert candidates("tradewind pools get d", dags.parent) == ["default_pool"]


def test_tab_without_a_database_offers_nothing_and_makes_nothing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "none"))
    tmp_path.joinpath("out").mkdir()
    assert candidates("tradewind dags trigger sh", tmp_path / "out") == [""]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_code_for_the_shell(run, shell: str) -> None:
    code, out, _ = run("completion", shell)
    assert code == 0
    assert "tradewind" in out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=out.encode(), check=True)
