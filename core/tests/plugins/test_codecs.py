import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradewind.plugins.codecs import StandardCodec, canonical, codec
from tradewind.plugins.orjson_codec import OrjsonCodec
from tradewind_plugins.exceptions import TradewindConfigException

CODECS = (StandardCodec(), OrjsonCodec())
texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


@given(values)
def test_each_codec_reads_what_any_other_wrote(value):
    for writer in CODECS:
        for reader in CODECS:
            assert reader.decode(writer.encode(value)) == value


@given(values)
def test_the_canonical_form_does_not_depend_on_the_codec(value):
    assert len({canonical(each.decode(each.encode(value))) for each in CODECS}) == 1


def test_the_canonical_form_does_not_depend_on_the_order_of_keys():
    assert canonical({"b": 1, "a": "ü"}) == canonical({"a": "ü", "b": 1}) == b'{"a":"\\u00fc","b":1}'


@pytest.mark.parametrize("writer", CODECS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("value", [{1: 2}, [{None: 1}], {1, 2}, b"x", object(), {"a": {True: 1}}])
def test_what_is_not_json_is_refused(writer, value):
    with pytest.raises(TypeError):
        writer.encode(value)


@pytest.mark.parametrize("writer", CODECS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": -math.inf}])
def test_numbers_that_are_not_finite_are_refused(writer, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        writer.encode(value)


@pytest.mark.parametrize("reader", CODECS, ids=lambda each: type(each).__name__)
def test_what_is_not_json_text_is_refused(reader):
    with pytest.raises(ValueError, match="line 1"):
        reader.decode(b"{")


def test_a_codec_is_chosen_by_name(site):
    assert isinstance(codec(), OrjsonCodec)
    assert isinstance(codec("json"), StandardCodec)
    with pytest.raises(TradewindConfigException, match="no codec 'pickle'"):
        codec("pickle")
