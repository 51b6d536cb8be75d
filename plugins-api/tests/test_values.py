import copy
import pickle
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from tradewind_plugins.values import Value, field


class Point(Value):
    x: int
    y: int = 0
    tags: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = field(default=None, secret=True)

    ORIGIN: ClassVar[str] = "here"


class Point3(Point):
    z: int = 0


def test_fields_come_from_arguments_and_defaults():
    point = Point(x=1)
    assert (point.x, point.y, point.tags, point.key, point.ORIGIN) == (1, 0, {}, None, "here")
    assert Point(x=1).tags is not point.tags
    assert Point3(x=1, z=3).to_dict() == {"x": 1, "y": 0, "tags": {}, "key": None, "z": 3}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [({}, "Point needs the argument 'x'"), ({"x": 1, "w": 2}, "Point has no field w; it has x, y, tags, key")],
)
def test_wrong_arguments_are_named(arguments, sentence):
    with pytest.raises(TypeError, match=sentence):
        Point(**arguments)


def test_a_value_is_frozen():
    point = Point(x=1)
    with pytest.raises(AttributeError, match=r"use replace\(x=...\)"):
        point.x = 2
    with pytest.raises(AttributeError, match="frozen"):
        del point.x


def test_equality_needs_the_same_type_and_fields():
    assert Point(x=1) == Point(x=1)
    assert Point(x=1) != Point(x=2)
    assert Point3(x=1) != Point(x=1)


def test_equal_values_hash_alike():
    class Name(Value):
        text: str

    assert {Name(text="a"): 1}[Name(text="a")] == 1


def test_repr_hides_secrets():
    assert repr(Point(x=1, key="hunter2")) == "Point(x=1, y=0, tags={}, key='***')"
    assert "key=None" in repr(Point(x=1))


def test_replace_makes_a_changed_copy_and_knows_its_fields():
    point = Point(x=1, key="k")
    assert point.replace(x=5) == Point(x=5, key="k")
    with pytest.raises(TypeError, match="no field q"):
        point.replace(q=1)


def test_to_dict_goes_into_nested_values():
    class Line(Value):
        ends: tuple[Point, ...]
        named: Mapping[str, Point]

    line = Line(ends=(Point(x=1),), named={"a": Point(x=2)})
    assert line.to_dict()["ends"] == (Point(x=1).to_dict(),)
    assert line.to_dict()["named"] == {"a": Point(x=2).to_dict()}


def test_values_survive_copy_and_pickle():
    point = Point(x=1, key="k")
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point  # noqa: S301 - our own bytes


def test_a_mutable_default_is_refused_with_the_way_out():
    with pytest.raises(TypeError, match=r"write field\(default_factory=list\)"):

        class Bad(Value):
            items: list[int] = []


def test_field_takes_one_kind_of_default():
    with pytest.raises(TypeError, match="not both"):
        field(default=1, default_factory=int)


def test_post_init_may_normalise():
    class Lower(Value):
        name: str

        def __post_init__(self) -> None:
            self._set("name", self.name.lower())

    assert Lower(name="ABC").name == "abc"
