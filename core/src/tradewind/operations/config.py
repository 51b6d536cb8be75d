"""The configuration of the server, for people: whoever may read it, secrets are stars."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tradewind.config import Config
from tradewind.config.sections import SECTIONS
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import ClosedError, NotFoundError
from tradewind.operations.starring import STARS

CLOSED = "false"


@dataclass(frozen=True, slots=True)
class Option:
    """One option with its value as text; a secret that is set is stars."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """The options of one section."""

    name: str
    options: tuple[Option, ...]


@operation("config.list")
def list_config(context: Context, *, section: str | None = None) -> Sequence[Section]:
    """Return the configuration by sections, or one of them; secrets are stars.

    Raises:
        ClosedError: `web.expose_config` is off.
        NotFoundError: there is no such section.
    """
    _check_open(context.tools.config)
    return [_section(context.tools.config, each) for each in ([_known(section)] if section is not None else SECTIONS)]


@operation("config.get")
def get_option(context: Context, *, section: str, option: str) -> Sequence[Section]:
    """Return one option, as the only one of its section; a secret is stars.

    Raises:
        ClosedError: `web.expose_config` is off.
        NotFoundError: there is no such option.
    """
    _check_open(context.tools.config)
    found = [each for each in _section(context.tools.config, _known(section)).options if each.key == option]
    if not found:
        raise NotFoundError(f"There is no option {section}.{option}.", error_id="config-unknown-key")
    return [Section(section, tuple(found))]


def _check_open(config: Config) -> None:
    if config.web.expose_config.lower() in {CLOSED, ""}:
        raise ClosedError("The configuration is not shown: set web.expose_config to true on the server.")


def _known(section: str) -> str:
    if section not in SECTIONS:
        raise NotFoundError(f"The configuration has no section {section!r}.", error_id="config-unknown-key")
    return section


def _section(config: Config, name: str) -> Section:
    values = getattr(config, name)
    return Section(
        name,
        tuple(Option(each.name, _text(getattr(values, each.name), each)) for each in dataclasses.fields(values)),
    )


def _text(value: Any, option: dataclasses.Field[Any]) -> str:
    if option.metadata["secret"] and value:
        return STARS
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
