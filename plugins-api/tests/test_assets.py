"""Assets: what they are known by, how a schedule combines them, and what is refused."""

import warnings

import pytest
from tradewind_plugins.assets import Asset, AssetAlias, AssetAll, AssetAny, Dataset, assets_of, condition_of
from tradewind_plugins.exceptions import TradewindException

A, B, C = Asset("a"), Asset("b"), Asset("c")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("orders", "orders"),
        ("S3://Lake/Orders/", "s3://Lake/Orders"),
        ("s3://lake", "s3://lake/"),
        ("s3://lake/x?b=2&a=1#part", "s3://lake/x?a=1&b=2"),
        ("x-own://As/It/Is/", "x-own://As/It/Is/"),
    ],
)
def test_a_uri_is_kept_in_one_form(given, kept):
    assert Asset(given).uri == kept
    assert Asset("name", given) == Dataset(given, {"more": 1}) == Asset(uri=given)


def test_user_and_password_are_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="no user and no password"):
        assert Asset("postgres://me:secret@host/db/table").uri == "postgres://host/db/table"


@pytest.mark.parametrize("uri", ["", "  ", "airflow://x", "lac à", "x" * 1501, 7])
def test_what_is_no_uri_is_refused(uri):
    with pytest.raises(TradewindException, match="Asset: "):
        Asset(uri=uri)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"extra": {"x": object()}}, "its extra is a dict of JSON"),
        ({"watchers": [1]}, "watchers are AssetWatcher objects, not 1"),
        ({"group": ""}, "no name"),
    ],
)
def test_what_an_asset_cannot_have_is_refused(more, said):
    with pytest.raises(TradewindException, match=said):
        Asset("a", **more)


def test_conditions_are_read_as_they_were_written():
    condition = (A | B) & C & AssetAlias("d", group="g") | Asset("e", "s3://e/", group="h", extra={"x": 1})
    again = condition_of(condition.to_spec())
    assert again == condition
    assert again.to_spec() == condition.to_spec()
    assert condition.words() == "((a or b) and c and alias d) or e"
    assert [leaf.name for leaf in again.leaves()] == ["a", "b", "c", "d", "e"]


def test_when_a_condition_is_met():
    condition = (A | B) & C
    assert [condition.is_met(news) for news in ({A}, {C}, {A, B}, {A, C}, {B, C})] == [False, False, False, True, True]
    assert not AssetAll().is_met({A})
    assert not AssetAny().is_met({A})
    assert (AssetAlias("a") & A).is_met({A, AssetAlias("a")})


def test_only_assets_are_combined():
    with pytest.raises(TradewindException, match="combines assets"):
        AssetAll(A, "b")
    with pytest.raises(TypeError):
        A & "b"


def test_inlets_and_outlets_name_assets():
    assert assets_of(A, "Task 'x': inlets") == (A,)
    assert assets_of(None, "Task 'x': inlets") == ()
    with pytest.raises(TradewindException, match="Task 'x': inlets names assets"):
        assets_of(["a"], "Task 'x': inlets")
    with pytest.raises(TradewindException, match="Task 'x': inlets is a list of assets"):
        assets_of("a", "Task 'x': inlets")


def test_nothing_is_said_of_what_is_usual():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Asset("a", group="asset", extra={}).to_spec() == {"asset": "a"}
