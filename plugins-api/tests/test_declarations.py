import pytest
from tradewind_plugins.declarations import CliVerb, ConnectionType, Declared, FormField


def test_a_declaration_is_named_after_its_class():
    assert Declared(path="a.b:C").name == "C"
    assert Declared(path="a.b:C", name="c").name == "c"


@pytest.mark.parametrize("path", ["a.b.C", "a:b:c", "a b:c", ":c", "a:", "a.1:c"])
def test_a_path_that_cannot_be_imported_is_refused(path):
    with pytest.raises(ValueError, match=r"write it as 'package\.module:Name'"):
        Declared(path=path)
    with pytest.raises(ValueError, match="CliVerb has the path"):
        CliVerb(name="x", path=path, summary="")


def test_a_form_survives_json():
    kind = ConnectionType(name="x", label="X", path="a:B", fields=(FormField(name="host", choices=["a"]),))
    assert ConnectionType(**kind.to_dict()) == kind
    assert kind.fields[0].choices == ("a",)


def test_a_field_that_no_form_can_draw_is_refused():
    with pytest.raises(ValueError, match="kind 'colour', which no form can draw"):
        FormField(name="c", kind="colour")
