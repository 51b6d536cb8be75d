"""What declaring hooks return: frozen values with import strings, so that collecting them imports no client library."""

from __future__ import annotations

import re

from tradewind_plugins.values import Value

__all__ = ["AirflowAlias", "CliVerb", "ConnectionType", "Declared", "FormField"]

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*\Z")


def _check_path(owner: Value, path: str) -> None:
    if not _PATH.match(path):
        raise ValueError(f"{type(owner).__name__} has the path {path!r}; write it as 'package.module:Name'")


class Declared(Value):
    """A class or function that a plugin offers under a name.

    Args:
        path: Where it is, as `package.module:Name`. It is imported when it is used, not before.
        name: What users write to choose it; empty means the `Name` of the path.
        summary: One sentence for catalogues.
    """

    path: str
    name: str = ""
    summary: str = ""

    def __post_init__(self) -> None:
        _check_path(self, self.path)
        if not self.name:
            self._set("name", self.path.partition(":")[2])


class FormField(Value):
    """How one field of a connection looks in a form, whatever draws the form.

    Args:
        name: One of the connection's own fields (host, login, password, schema, port), or else a key of its extra.
        label: What people read beside it; empty means the name.
        kind: `string`, `integer`, `boolean`, `text` (several lines) or `json`.
        secret: Shown as dots and never sent back to a browser.
        required: The form does not accept an empty value.
        hidden: Not shown, because the system has no such thing.
        placeholder: An example of a value.
        choices: The only values there are; empty means any.
    """

    name: str
    label: str = ""
    kind: str = "string"
    secret: bool = False
    required: bool = False
    hidden: bool = False
    placeholder: str = ""
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in {"string", "integer", "boolean", "text", "json"}:
            raise ValueError(f"form field {self.name!r} has the kind {self.kind!r}, which no form can draw")
        self._set("choices", tuple(self.choices))


class ConnectionType(Value):
    """A kind of connection and the hook that is its client.

    Args:
        name: The connection type, such as `sqlite`.
        label: What people read, such as `SQLite`.
        path: The hook, as `package.module:Name`.
        fields: How the form differs from the plain one with all of a connection's fields.
        summary: One sentence for catalogues.
    """

    name: str
    label: str
    path: str
    fields: tuple[FormField, ...] = ()
    summary: str = ""

    def __post_init__(self) -> None:
        _check_path(self, self.path)
        made = (each if isinstance(each, FormField) else FormField(**each) for each in self.fields)
        self._set("fields", tuple(made))


class CliVerb(Value):
    """A verb that a plugin adds to the command line.

    Args:
        name: The verb, as in `tradewind <name>`.
        path: A function, as `package.module:name`, that takes the list of arguments after the verb and returns the exit
            code.
        summary: One sentence for `--help`.
    """

    name: str
    path: str
    summary: str

    def __post_init__(self) -> None:
        _check_path(self, self.path)


class AirflowAlias(Value):
    """Where a provider has what Airflow has under a path of its own. Used when the distribution airflow-names is installed.

    Args:
        name: Airflow's path: a package or module, which stands for all that is below it too, or `package.module:Name`.
        path: Ours, of the same kind: `tradewind_x` for `airflow.providers.x`, or `package.module:Name`.
        instead: For an old path, Airflow's own newer one, for the warning; empty for a path that is not old.
        summary: One sentence for catalogues.
    """

    name: str
    path: str
    instead: str = ""
    summary: str = ""

    def __post_init__(self) -> None:
        if not self.name.startswith("airflow."):
            raise ValueError(
                f"AirflowAlias has the name {self.name!r}; it is a path of Airflow's, as airflow.providers.x"
            )
        if (":" in self.name) != (":" in self.path):
            raise ValueError(
                f"AirflowAlias {self.name!r} has the path {self.path!r}: one is a module and the other a name"
            )
