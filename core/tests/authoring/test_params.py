"""Params: defaults and the small JSON schema."""

from __future__ import annotations

import pytest
from tradewind import Param
from tradewind.authoring.params import as_params, resolve_params
from tradewind.exceptions import ParamValidationError


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 5}, [1, 5, 2.0], [0, 6, 2.5, "3", True, None]),
        ({"type": ["null", "string"], "maxLength": 3}, [None, "abc"], ["abcd", 3]),
        ({"enum": ["a", 1]}, ["a", 1], ["b", None]),
        ({"const": 3}, [3], [4]),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, [0.5], [0, 1]),
        ({"type": "number", "multipleOf": 0.5}, [1, 1.5], [1.2]),
        ({"type": "string", "minLength": 2, "pattern": "^a"}, ["ab"], ["a", "ba"]),
        ({"type": "string", "format": "date"}, ["2024-02-29"], ["2023-02-29", "today"]),
        ({"type": "string", "format": "date-time"}, ["2024-02-29T10:00:00Z"], ["10:00"]),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2}, [[1]], [[], ["a"], [1, 2, 3]]),
        ({"type": "object"}, [{}], [[]]),
        ({"type": "boolean"}, [True], [1]),
    ],
)
def test_values_are_checked(schema, good, bad):
    param = Param(**schema)
    assert [param.resolve(value) for value in good] == good
    for value in bad:
        with pytest.raises(ParamValidationError):
            param.resolve(value, "it")


def test_the_error_names_param_value_and_rule():
    with pytest.raises(ParamValidationError, match="Param 'rows': 0 does not fit minimum = 1 of its schema"):
        Param(5, minimum=1).resolve(0, "rows")


def test_a_param_without_default_must_be_given():
    with pytest.raises(ParamValidationError, match="Param 'day' has no default"):
        resolve_params({"day": Param(type="string")}, {})
    assert resolve_params({"day": Param(type="string")}, {"day": "monday"}) == {"day": "monday"}


def test_the_conf_of_a_run_wins_and_its_other_keys_are_passed_on():
    params = as_params({"a": 1, "b": Param(2)})
    assert resolve_params(params, {"b": 3, "c": 4}) == {"a": 1, "b": 3, "c": 4}


def test_annotations_are_kept_and_unknown_keywords_refused():
    assert Param(1, title="One", section="Numbers").schema == {"title": "One", "section": "Numbers"}
    with pytest.raises(ParamValidationError, match="the schema keyword 'anyOf' is not supported"):
        Param(1, anyOf=[])
    with pytest.raises(ParamValidationError, match="'int' is not a type of JSON"):
        Param(1, type="int").resolve()


def test_a_param_survives_its_spec():
    for param in (Param(), Param(None), Param(5, "five", type="integer")):
        assert Param.from_spec(param.to_spec()) == param
