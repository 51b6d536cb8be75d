import pytest
from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindOptionalProviderFeatureException


def test_a_library_is_imported_at_its_first_use():
    client = lazy_client("json", extra="amazon")
    assert repr(client) == "<lazy client json>"
    assert client.loads("[1]") == [1]


@pytest.mark.parametrize("module", ["no_such_library", "no_such_library.part"])
def test_a_library_that_is_missing_names_the_pip_install(module):
    client = lazy_client(module, extra="amazon")
    with pytest.raises(
        TradewindOptionalProviderFeatureException, match=f"{module} is not .* pip install tradewind-amazon"
    ):
        client.connect()
    with pytest.raises(TradewindOptionalProviderFeatureException, match="pip install thing"):
        lazy_client(module, distribution="thing>=2").connect()


def test_a_library_that_lacks_something_of_its_own_is_not_disguised(tmp_path, monkeypatch):
    (tmp_path / "broken_library.py").write_text("import no_such_thing")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_thing"):
        lazy_client("broken_library", extra="amazon").connect()


def test_something_to_install_must_be_named():
    with pytest.raises(TypeError, match="extra= or distribution="):
        lazy_client("json")
