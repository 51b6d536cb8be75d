"""Params: values of a run that the trigger form or ``--conf`` can change, checked against a JSON schema.

The keywords of ``Param(5, type="integer", minimum=1)`` are kept as they are, those that say something to people or forms too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradewind_plugins.exceptions import ParamValidationError

from tradewind.authoring.json_schema import check_schema, first_misfit

_MISSING: Any = object()


class Param:
    """A value of a run with its default and its schema.

    Args:
        default: the value of a run that gives none; left out, every run must give one.
        description: what it is for, shown in the trigger form.
        schema: JSON Schema keywords, for instance ``type="integer"``, ``minimum=1``, ``enum=[...]``.

    Raises ``ParamValidationError`` for a schema keyword that is not supported or looks misspelt.
    """

    __slots__ = ("default", "description", "schema")

    def __init__(self, default: Any = _MISSING, description: str | None = None, **schema: Any) -> None:
        nested = schema.pop("schema", None)
        self.default = default
        self.description = description
        self.schema: dict[str, Any] = {**(nested or {}), **schema}
        check_schema(self.schema)

    @property
    def has_default(self) -> bool:
        """Whether a run may leave the value out."""
        return self.default is not _MISSING

    @property
    def has_value(self) -> bool:
        """Whether there is a value: the default, by Airflow's name."""
        return self.has_default and self.default is not None

    @property
    def value(self) -> Any:
        """The default; None if there is none."""
        return self.default if self.has_default else None

    def resolve(self, value: Any = _MISSING, name: str = "param") -> Any:
        """Return ``value``, or the default, after checking it.

        Raises:
            ParamValidationError: neither is there, or it does not fit the schema.
        """
        chosen = self.default if value is _MISSING else value
        if chosen is _MISSING:
            raise ParamValidationError(f"Param {name!r} has no default, so the run must give it a value.")
        misfit = first_misfit(chosen, self.schema)
        if misfit is not None:
            where = f" at {misfit.place[1:]}" if misfit.place else ""
            raise ParamValidationError(
                f"Param {name!r}{where}: {misfit.value!r} does not fit {misfit.keyword} = {misfit.expected!r} of its schema."
            )
        return chosen

    def to_spec(self) -> dict[str, Any]:
        """Return the param as plain values."""
        spec: dict[str, Any] = {"schema": self.schema}
        if self.has_default:
            spec["default"] = self.default
        if self.description is not None:
            spec["description"] = self.description
        return spec

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Param:
        """Return the param that :meth:`to_spec` has described."""
        return cls(spec.get("default", _MISSING), spec.get("description"), **spec.get("schema", {}))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Param) and self.to_spec() == other.to_spec()

    def __hash__(self) -> int:
        return hash((self.description, tuple(sorted(self.schema))))

    def __repr__(self) -> str:
        return f"Param({self.value!r}, schema={self.schema!r})"


def as_params(values: Mapping[str, Any] | None) -> dict[str, Param]:
    """Return ``values`` with every plain value made a :class:`Param` without a schema."""
    return {name: value if isinstance(value, Param) else Param(value) for name, value in (values or {}).items()}


def resolve_params(
    params: Mapping[str, Param], conf: Mapping[str, Any] | None, *, overrides: bool = True
) -> dict[str, Any]:
    """Return the values of a run: what ``conf`` gives, else the defaults; keys that are no params are passed on.

    Args:
        overrides: whether ``conf`` gives any: the setting ``dags.conf_overrides_params``.

    Raises:
        ParamValidationError: a value is missing or does not fit.
    """
    given = dict(conf or {}) if overrides else {}
    resolved = {name: param.resolve(given.pop(name, _MISSING), name) for name, param in params.items()}
    return {**resolved, **given}
