"""The configuration of the server, for people: whoever may read it, secrets are stars."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tradewind.config import Config, load
from tradewind.config.sections import SECTIONS
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import ClosedError, NotFoundError
from tradewind.operations.starring import STARS

CLOSED = "false"


@dataclass(frozen=True, slots=True)
class Option:
    """One option with its value as text; a secret that is set is stars.

    Arguments:
        is_default: whether it is as it would be if nobody had set anything.
        doc: what it does.
        source: where the value came from when this process began: `default`, a file, a variable of the environment, the command
            line; empty where nobody noted it.
    """

    key: str
    value: str
    is_default: bool
    doc: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The options of one section."""

    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration, or a part of it."""

    sections: tuple[Section, ...]


@operation("config.list")
def list_config(context: Context, *, section: str | None = None) -> Configuration:
    """Return the configuration by sections, or one of them; secrets are stars.

    Raises:
        ClosedError: `web.expose_config` is off.
        NotFoundError: there is no such section.
    """
    _check_open(context.tools.config)
    names = SECTIONS if section is None else [_known(section)]
    return Configuration(tuple(_sections(context.tools.config, names)))


@operation("config.get")
def get_option(context: Context, *, section: str, option: str) -> Configuration:
    """Return one option, as the only one of its section; a secret is stars.

    Raises:
        ClosedError: `web.expose_config` is off.
        NotFoundError: there is no such option.
    """
    _check_open(context.tools.config)
    (whole,) = _sections(context.tools.config, [_known(section)])
    found = [each for each in whole.options if each.key == option]
    if not found:
        raise NotFoundError(f"There is no option {section}.{option}.", error_id="config-unknown-key")
    return Configuration((Section(section, tuple(found)),))


def _check_open(config: Config) -> None:
    if config.web.expose_config.lower() in {CLOSED, ""}:
        raise ClosedError("The configuration is not shown: set web.expose_config to true on the server.")


def _known(section: str) -> str:
    if section not in SECTIONS:
        raise NotFoundError(f"The configuration has no section {section!r}.", error_id="config-unknown-key")
    return section


def _sections(config: Config, names: Iterable[str]) -> Iterator[Section]:
    defaults = load(config.home, {}, file=False).config
    for name in names:
        values, others = getattr(config, name), getattr(defaults, name)
        yield Section(
            name,
            tuple(
                _option(each, values, others, config.sources.get(f"{name}.{each.name}", ""))
                for each in dataclasses.fields(values)
            ),
        )


def _option(field: dataclasses.Field[Any], values: Any, defaults: Any, source: str) -> Option:
    value = getattr(values, field.name)
    is_default = value == getattr(defaults, field.name)
    return Option(field.name, _text(value, field), is_default, field.metadata["doc"], source)


def _text(value: Any, option: dataclasses.Field[Any]) -> str:
    if option.metadata["secret"] and value:
        return STARS
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
