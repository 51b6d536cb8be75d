"""The secrets backend of files, in each of its formats."""

from __future__ import annotations

import json
import os

import pytest
from tradewind.plugins.secrets_file import FileBackend
from tradewind_plugins.exceptions import TradewindConfigException
from tradewind_testing import SecretsBackendSuite


class FileSuite(SecretsBackendSuite):
    has_config = False
    has_service = False
    ending = ".json"

    @pytest.fixture
    def backend(self, tmp_path):
        self.paths = {kind: tmp_path / f"{kind}s{self.ending}" for kind in ("connection", "variable")}
        self.content = {"connection": {}, "variable": {}}
        self.write("connection")
        self.write("variable")
        return FileBackend(str(self.paths["connection"]), str(self.paths["variable"]))

    def plant(self, kind, name, text):
        self.content[kind][name] = text
        self.write(kind)

    def write(self, kind):
        scratch = self.paths[kind].with_suffix(".scratch")
        scratch.write_text(self.text(self.content[kind]), encoding="utf-8")
        os.replace(scratch, self.paths[kind])  # noqa: PTH105 - another file, whatever the clock's steps


@pytest.mark.backed_by("real", "files")
class TestJson(FileSuite):
    def text(self, content):
        return json.dumps(content)


@pytest.mark.backed_by("real", "files")
class TestYaml(FileSuite):
    ending = ".yaml"

    def text(self, content):
        return "".join(f"{json.dumps(name)}: {json.dumps(text)}\n" for name, text in content.items()) or "{}"


@pytest.mark.backed_by("real", "files")
class TestEnv(FileSuite):
    ending = ".env"
    gaps = {"test_a_variable_is_found_as_it_is": "a line of a .env file loses the spaces at its ends"}

    def text(self, content):
        return "# secrets\n\n" + "".join(f"{name}={text}\n" for name, text in content.items())


def test_fields_are_as_good_as_a_uri(tmp_path):
    path = tmp_path / "c.json"
    path.write_text('{"shop": {"conn_type": "sqlite", "host": "a.db"}, "limits": {"a": 1}}')
    backend = FileBackend(str(path), str(path))
    assert backend.get_connection("shop").host == "a.db"
    assert backend.get_variable("limits") == '{"a": 1}'
    assert FileBackend().get_variable("limits") is FileBackend().get_connection("shop") is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("gone.json", None, "cannot be read: No such file"),
        ("list.json", "[]", "must hold an object"),
        ("bad.json", "hunter2", "is not what its name says"),
        ("bad.yaml", "a: [hunter2", "is not what its name says"),
        ("bad.env", "hunter2", "is not what its name says"),
        ("twice.env", "a=1\na=hunter2", "is not what its name says"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_without_what_is_in_it(tmp_path, name, text, said):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    backend = FileBackend(connections_file_path=str(path))
    with pytest.raises(TradewindConfigException, match=said) as failed:
        backend.get_connection("shop")
    assert str(path) in str(failed.value)
    assert "hunter2" not in str(failed.value)


def test_a_file_whose_format_nobody_knows_is_refused_at_once():
    with pytest.raises(TradewindConfigException, match=r"cannot tell the format of /x/secrets\.txt"):
        FileBackend(variables_file_path="/x/secrets.txt")
