"""Long tests begin early, apart from each other, and between no two tests that share something."""

from __future__ import annotations

from order import early


def arranged(items: list[str]) -> list[str]:
    """Items are a module's letter and a number; long ones are of module L."""
    return early(items, lambda item: item[0] == "L", lambda item: item[0], lambda item: item[0] in "MN")


def test_long_ones_are_spread_over_the_first_half_and_tear_no_module_apart() -> None:
    others = [f"{module}{number}" for module in "abcdefgh" for number in range(5)]
    found = arranged([*others[:30], "L1", *others[30:], "L2", "L3"])
    assert [item for item in found if item[0] != "L"] == others
    assert found[0] == "L1"
    assert [found.index(item) for item in ("L1", "L2", "L3")] == [0, 11, 17]
    assert found[12] == "c0"


def test_where_there_are_none_or_no_others_the_order_stays() -> None:
    assert arranged(["b1", "a1"]) == ["b1", "a1"]
    assert arranged(["L2", "L1"]) == ["L2", "L1"]
    assert arranged(["a1", "L1", "a2", "L2"]) == ["L1", "a1", "a2", "L2"]
    assert arranged([]) == []


def test_modules_that_are_long_all_in_all_begin_early_and_whole() -> None:
    others = [f"{module}{number}" for module in "abcdefgh" for number in range(5)]
    many = [f"M{number}" for number in range(9)]
    found = arranged([*others, *many, "N1", "L1"])
    assert found[:2] == ["L1", "M0"]
    assert found[1:10] == many
    assert [item for item in found if item[0] not in "LMN"] == others
    assert found.index("N1") == 20
