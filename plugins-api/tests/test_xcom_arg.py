"""Outputs of tasks as arguments."""

from __future__ import annotations

from collections import namedtuple

import pytest
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.xcom_arg import XComArg, iter_xcom_args, replace_xcom_args

Pair = namedtuple("Pair", "left right")


@pytest.fixture
def output(inside):
    return BaseOperator(task_id="a").output


def test_an_output_has_keys(output):
    assert output == XComArg(output.operator)
    assert output["rows"] == XComArg(output.operator, "rows")
    assert output["rows"] != output


def test_an_output_cannot_be_iterated_over(output):
    with pytest.raises(TypeError, match=r"pass it to \.expand"):
        list(output)
    with pytest.raises(TypeError, match="indexed by an XCom key, not 0"):
        output[0]


def test_in_text_an_output_is_a_template(output):
    expected = "{{ task_instance.xcom_pull(task_ids='a', dag_id='small', key='rows') }}"
    assert f"{output['rows']}" == expected


def test_outputs_are_found_and_replaced_at_any_depth(output):
    value = {"list": [output["x"], 1], "tuple": (output["y"],), "pair": Pair(output["z"], 2), "text": "same"}
    assert [found.key for found in iter_xcom_args(value)] == ["x", "y", "z"]
    replaced = replace_xcom_args(value, lambda argument: argument.key.upper())
    assert replaced == {"list": ["X", 1], "tuple": ("Y",), "pair": Pair("Z", 2), "text": "same"}


def test_what_holds_no_output_is_not_copied():
    value = [1, {"a": 2}]
    assert replace_xcom_args(value, repr) is value
