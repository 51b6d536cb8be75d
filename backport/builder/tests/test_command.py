from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from distributions.found import lowered_folders
from tradewind_backport_builder.__main__ import main
from tradewind_backport_builder.build import Release, build_provider, build_runtime
from tradewind_backport_builder.tree import DialectError, check

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def provider(tmp_path):
    folder = tmp_path / "finch"
    (folder / "src" / "tradewind_finch").mkdir(parents=True)
    (folder / "README.md").write_text("# Finch\n")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "tradewind-finch"\nversion = "1.2.3"\ndescription = "Finches."\n'
        'dependencies = ["tradewind-plugins-api>=0.1,<0.2", "seeds>=2"]\n'
    )
    (folder / "src" / "tradewind_finch" / "__init__.py").write_text("def f(a: int, /) -> int:\n    return a\n")
    return folder


def test_plugins_api_and_providers_keep_to_the_dialect():
    assert check(REPOSITORY / folder / "src" for folder in ("plugins-api", *lowered_folders())) == []


def test_examples_of_providers_keep_to_the_dialect():
    assert check(REPOSITORY / folder / "examples" for folder in lowered_folders()) == []


def test_check_names_file_and_line(provider, capsys):
    module = provider / "src" / "tradewind_finch" / "hooks.py"
    module.write_text("import os\nimport dataclasses\n")
    assert main(["check", str(provider)]) == 1
    assert capsys.readouterr().out.startswith(f"{module}:2: the module dataclasses is of Python 3.7")
    module.write_text("def f(:\n")
    assert main(["check", str(module)]) == 1
    assert capsys.readouterr().out.startswith(f"{module}:1: not Python: ")
    assert main(["check", str(provider / "nowhere")]) == 2
    assert "there is no" in capsys.readouterr().err


def test_a_wheel_says_what_it_needs(provider, tmp_path):
    with zipfile.ZipFile(build_provider(provider, tmp_path / "out")) as archive:
        assert archive.testzip() is None
        metadata = archive.read("tradewind_backport_finch-1.2.3.dist-info/METADATA").decode()
        assert archive.read("tradewind_finch/__init__.py") == b"def f(a):\n    return a\n"
        assert archive.read("tradewind_backport_finch-1.2.3.dist-info/top_level.txt") == b"tradewind_finch\n"
    assert metadata.startswith("Metadata-Version: 2.1\nName: tradewind-backport-finch\nVersion: 1.2.3\n")
    needs = [line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Requires")]
    assert needs == [
        ">=3.6,<3.9",
        "apache-airflow (>=1.10.12,<2)",
        "tradewind-backport-runtime (>=0.1,<0.2)",
        "seeds>=2",
    ]
    assert metadata.endswith("\n\n# Finch\n")


def test_another_provider_is_needed_as_a_backport(provider, tmp_path):
    project = provider / "pyproject.toml"
    project.write_text(project.read_text().replace('"seeds>=2"', '"tradewind-seeds>=0.1,<0.2"'))

    def needed(wheel):
        with zipfile.ZipFile(wheel) as archive:
            metadata = next(name for name in archive.namelist() if name.endswith("METADATA"))
            lines = archive.read(metadata).decode().splitlines()
        return [line for line in lines if line.startswith(("Version", "Requires-Dist")) or "notes" in line]

    rest = ["Requires-Dist: apache-airflow (>=1.10.12,<2)", "Requires-Dist: tradewind-backport-runtime (>=0.1,<0.2)"]
    plain = needed(build_provider(provider, tmp_path / "plain"))
    assert plain == ["Version: 1.2.3", *rest, "Requires-Dist: tradewind-backport-seeds (>=0.1,<0.2)"]
    release = Release("2026.11.3", "# The notes\n", {"tradewind-seeds": ">=2026.11.1"})
    told = needed(build_provider(provider, tmp_path / "told", release))
    assert told == ["Version: 2026.11.3", *rest, "Requires-Dist: tradewind-backport-seeds (>=2026.11.1)", "# The notes"]


def test_a_provider_alone_needs_no_repository(provider, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["build", "--out", str(tmp_path / "out"), str(provider)]) == 0
    assert [Path(each).name for each in capsys.readouterr().out.split()] == [
        "tradewind_backport_finch-1.2.3-py3-none-any.whl"
    ]


def test_the_same_source_makes_the_same_wheel(provider, tmp_path):
    first, second = (build_provider(provider, tmp_path / name) for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_a_source_outside_of_the_dialect_makes_no_wheel(provider, tmp_path, capsys):
    (provider / "src" / "tradewind_finch" / "hooks.py").write_text("x = {} | {}\n")
    with pytest.raises(DialectError, match=r"hooks\.py:1: dicts have"):
        build_provider(provider, tmp_path / "out")
    command = ["build", "--repository", str(REPOSITORY), "--out", str(tmp_path / "out"), str(provider)]
    assert main(command) == 1
    assert "hooks.py:1: dicts have" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("*finch*"))


def test_the_runtime_replaces_what_is_written_for_airflow(tmp_path):
    with zipfile.ZipFile(build_runtime(REPOSITORY, tmp_path)) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        assert b"from airflow.models import BaseOperator as AirflowOperator" in archive.read(
            "tradewind_plugins/operator.py"
        )
    assert "tradewind_plugins/values.py" in names
    assert "tradewind_plugins/contracts/log_store.py" in names
    assert not any(name.startswith("tradewind_plugins/specs") for name in names)


def test_build_prints_the_wheels(provider, tmp_path, capsys):
    command = ["build", "--repository", str(REPOSITORY), "--out", str(tmp_path / "out"), str(provider)]
    assert main(command) == 0
    printed = capsys.readouterr().out.split()
    text = (REPOSITORY / "plugins-api/pyproject.toml").read_text()
    contract = re.search(r'^version = "(.*)"$', text, re.MULTILINE)[1]
    assert [Path(each).name for each in printed] == [
        f"tradewind_backport_runtime-{contract}-py3-none-any.whl",
        "tradewind_backport_finch-1.2.3-py3-none-any.whl",
    ]
