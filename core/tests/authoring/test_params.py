"""Params: defaults and the small JSON schema."""

from __future__ import annotations

import re

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
        ({"enum": [1, False]}, [1, False], [True, 0]),
        ({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}, [["a", 1], []], [[1], ["a", "b"]]),
        ({"contains": {"const": 1}, "maxContains": 2}, [[1], [1, 1, 3]], [[], [2], [1, 1, 1]]),
        ({"uniqueItems": True}, [[1, True], []], [[1, 1.0], [{"a": 1}, {"a": 1}]]),
        ({"required": ["a"], "minProperties": 2, "maxProperties": 2}, [{"a": 1, "b": 2}], [{"a": 1}, {"b": 1, "c": 2}]),
        (
            {"properties": {"a": {"type": "null"}}, "additionalProperties": False},
            [{"a": None}],
            [{"a": 1}, {"b": None}],
        ),
        (
            {"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": {"type": "string"}},
            [{"x1": 1, "b": ""}],
            [{"x": ""}, {"b": 1}],
        ),
        ({"propertyNames": {"maxLength": 2}}, [{"ab": 1}], [{"abc": 1}]),
        ({"dependentRequired": {"a": ["b"]}}, [{}, {"a": 1, "b": 1}], [{"a": 1}]),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, [{}, {"a": 1, "b": 1}], [{"a": 1}]),
        ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, [2], [0, 4]),
        ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, ["a", 4], [1]),
        ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, [0, 4], [2]),
        ({"not": {"type": "string"}}, [1], ["a"]),
        ({"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"minimum": 2}}, ["ab", 3], ["a", 1]),
        ({"$ref": "#/$defs/small", "$defs": {"small": {"maximum": 3}}}, [3], [4]),
        (
            {
                "$defs": {"tree": {"properties": {"in": {"$ref": "#/$defs/tree"}, "n": {"type": "integer"}}}},
                "$ref": "#/$defs/tree",
            },
            [{"in": {"in": {"n": 1}}}],
            [{"in": {"n": ""}}],
        ),
        ({"type": "string", "format": "email"}, ["a@b.c"], ["a"]),
        ({"type": "string", "format": "uri"}, ["s3://a/b"], ["a b", "ab"]),
        ({"type": "string", "format": "uuid"}, ["12345678-1234-5678-1234-567812345678"], ["1234"]),
        ({"type": "string", "format": "duration"}, ["P1DT2H", "PT0.5S"], ["P", "1 day"]),
        ({"type": "string", "format": "ipv4"}, ["10.0.0.1"], ["10.0.0"]),
        ({"type": "string", "format": "hostname"}, ["a.example"], ["-a", ""]),
        ({"type": "string", "format": "regex"}, ["^a+$"], ["("]),
        ({"items": False}, [[]], [[1]]),
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


def test_what_is_for_people_and_forms_is_kept_and_what_cannot_be_checked_is_refused():
    hints = {"title": "One", "section": "Numbers", "values_display": {"1": "one"}, "x-own": True, "format": "multiline"}
    assert Param(1, **hints).schema == hints
    for schema, said in (
        ({"unevaluatedItems": False}, "'unevaluatedItems' is not supported"),
        ({"minimun": 3}, "did you mean 'minimum'?"),
        ({"items": {"minimun": 3}}, "did you mean 'minimum'?"),
        ({"type": "int"}, "'int' is not a type of JSON"),
        ({"$ref": "https://example.com/schema"}, "names no part of its own schema"),
        ({"anyOf": [3]}, "3 is no JSON schema"),
    ):
        with pytest.raises(ParamValidationError, match=re.escape(said)):
            Param(1, **schema)


def test_a_misfit_deep_inside_is_named_with_its_place():
    servers = {"type": "array", "items": {"properties": {"port": {"type": "integer"}}, "required": ["port"]}}
    param = Param({"servers": []}, properties={"servers": servers})
    with pytest.raises(
        ParamValidationError, match="Param 'config' at servers/1/port: 'x' does not fit type = 'integer'"
    ):
        param.resolve({"servers": [{"port": 1}, {"port": "x"}]}, "config")


def test_conf_gives_nothing_where_the_setting_says_so():
    assert resolve_params({"n": Param(1, maximum=3)}, {"n": 7, "more": 1}, overrides=False) == {"n": 1}


def test_a_param_survives_its_spec():
    for param in (Param(), Param(None), Param(5, "five", type="integer")):
        assert Param.from_spec(param.to_spec()) == param
