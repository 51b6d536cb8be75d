import json
import subprocess
import sys

import pytest
from tradewind.cli.plugins import note_on_connection_type
from tradewind.plugins.current import use_registry
from tradewind.plugins.registry import PluginWarning, open_registry
from tradewind_plugins.exceptions import TradewindConfigException

PLUGIN = """
    from tradewind_plugins.declarations import ConnectionType, Declared
    from tradewind_plugins.hooks import hookimpl

    @hookimpl
    def tradewind_connection_types():
        return [ConnectionType(name="parrot", label="{label}", path="parrot_hooks:ParrotHook")]

    @hookimpl
    def tradewind_operators():
        return [Declared(path="{module}_operators:FeedOperator")]
"""


@pytest.fixture
def parrot(site):
    site.write("parrot.py", PLUGIN.format(label="Parrot", module="parrot"))
    site.write("parrot_hooks.py", "class ParrotHook: pass")
    site.install("tradewind-parrot", "parrot")
    return site


def test_a_distribution_is_found_by_its_entry_point(parrot):
    registry = open_registry(None)
    found = registry.connection_type("parrot")
    assert (found.label, found.path) == ("Parrot", "parrot_hooks:ParrotHook")
    assert registry.plugin_of("connection type", "parrot").distribution == "tradewind-parrot 1.0"
    assert registry.load("connection type", "parrot").__name__ == "ParrotHook"


def test_a_start_with_a_stored_file_imports_no_plugin(parrot, tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from tradewind.plugins.registry import open_registry\n"
        "registry = open_registry(Path(sys.argv[2]))\n"
        "print(registry.connection_type('parrot').label, sorted({'parrot', 'pluggy', 'importlib.metadata'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(parrot.folder), str(tmp_path / "cache")]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first == "Parrot ['importlib.metadata', 'parrot', 'pluggy']\n"
    assert second == "Parrot []\n"


def test_the_file_is_made_anew_when_a_distribution_is_installed(parrot, tmp_path):
    open_registry(tmp_path)
    parrot.write("finch.py", PLUGIN.format(label="F", module="finch").replace('"parrot"', '"finch"'))
    parrot.install("tradewind-finch", "finch")
    assert "finch" in open_registry(tmp_path).names("connection type")


def test_the_file_is_made_anew_when_a_plugin_of_a_checkout_is_edited(parrot, tmp_path):
    open_registry(tmp_path)
    path = next(tmp_path.glob("plugins-*.json"))
    stored = json.loads(path.read_text())
    stored["stamps"] = [[file, time - (file.endswith("parrot.py"))] for file, time in stored["stamps"]]
    stored["entries"] = {}
    path.write_text(json.dumps(stored))
    assert "parrot" in open_registry(tmp_path).names("connection type")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 0}'])
def test_a_damaged_file_is_made_anew(parrot, tmp_path, damage):
    open_registry(tmp_path)
    path = next(tmp_path.glob("plugins-*.json"))
    path.write_text(damage)
    assert "parrot" in open_registry(tmp_path).names("connection type")
    assert [each.name for each in tmp_path.glob("plugins-*")] == [path.name]


def test_of_two_plugins_with_one_name_the_first_wins_and_the_other_is_named(parrot):
    parrot.write("other.py", PLUGIN.format(label="Other", module="other"))
    parrot.install("a-parrot", "other")
    sentence = "connection type 'parrot' is declared by a-parrot 1.0 and tradewind-parrot 1.0; a-parrot 1.0 has it"
    with pytest.warns(PluginWarning, match=sentence):
        registry = open_registry(None)
    assert registry.connection_type("parrot").label == "Other"


def test_operators_of_one_name_are_told_apart_by_their_paths(parrot):
    parrot.write("wren.py", PLUGIN.format(label="W", module="wren").replace('"parrot"', '"wren"'))
    parrot.install("tradewind-wren", "wren")
    registry = open_registry(None)
    with pytest.raises(
        TradewindConfigException, match="write parrot_operators:FeedOperator or wren_operators:FeedOperator"
    ):
        registry.load("operator", "FeedOperator")
    assert registry.find("operator", "wren_operators:FeedOperator").name == "FeedOperator"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import nothing_of_that_name", "plugin broken of tradewind-broken 1.0 is left out: ModuleNotFoundError"),
        (
            "from tradewind_plugins.hooks import hookimpl\n@hookimpl\ndef tradewind_operators(): return ['a']",
            "its tradewind_operators returned 'a', which is not a Declared",
        ),
        (
            "from tradewind_plugins.hooks import hookimpl\n@hookimpl\ndef tradewind_operators(): raise OSError('no')",
            "its tradewind_operators is left out: OSError: no",
        ),
        (
            "from tradewind_plugins.hooks import hookimpl\n@hookimpl\ndef tradewind_operator(): return []",
            "implements tradewind_operator, which this version does not call; is it tradewind_operators?",
        ),
        (
            "from tradewind_plugins.hooks import hookimpl\n@hookimpl(wrapper=True)\ndef tradewind_operators(): yield",
            "tradewind_operators is a wrapper",
        ),
    ],
)
def test_what_is_wrong_with_a_plugin_is_said_and_the_others_go_on(parrot, source, sentence):
    parrot.write("broken.py", source)
    parrot.install("tradewind-broken", "broken")
    with pytest.warns(PluginWarning, match=sentence):
        registry = open_registry(None)
    assert "parrot" in registry.names("connection type")
    assert any(sentence in problem for problem in registry.problems)


@pytest.mark.parametrize(
    ("kind", "name", "sentence"),
    [
        ("connection type", "owl", r"there is no connection type 'owl'; run: pip install tradewind-owl"),
        ("connection type", "parot", r"there is no connection type 'parot'; is it 'parrot'\?"),
        ("codec", "zzz", r"there is no codec 'zzz'; there are json, .*orjson"),
        (
            "operator",
            "tradewind_owl.operators.owl:X",
            r"tradewind_owl is not installed; run: pip install tradewind-owl",
        ),
        (
            "operator",
            "parrot_hooks:Nothing",
            r"operator 'parrot_hooks:Nothing' needs .*, but parrot_hooks has no Nothing",
        ),
    ],
)
def test_what_is_not_there_is_an_error_with_the_way_out(parrot, owl, kind, name, sentence):
    with pytest.raises(TradewindConfigException, match=sentence):
        open_registry(None).load(kind, name)


def test_a_plugin_that_could_not_be_imported_is_tried_again(parrot, tmp_path):
    parrot.write("parrot.py", "import nothing_of_that_name")
    for _ in range(2):
        with pytest.warns(PluginWarning, match="plugin parrot of tradewind-parrot 1.0 is left out"):
            open_registry(tmp_path)
    parrot.write("parrot.py", PLUGIN.format(label="Parrot", module="parrot"))
    assert open_registry(tmp_path).connection_type("parrot").label == "Parrot"


def test_a_missing_import_inside_of_a_class_that_is_there_is_not_disguised(parrot):
    parrot.write("parrot_operators.py", "import nothing_of_that_name")
    with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
        open_registry(None).load("operator", "FeedOperator")


def test_modules_of_the_settings_are_plugins_too(site):
    site.write("mine.py", PLUGIN.format(label="Mine", module="mine"))
    registry = open_registry(None, ["mine"])
    assert registry.connection_type("parrot").label == "Mine"
    assert "mine" in [plugin.module for plugin in registry.implementing(["tradewind_operators"])]


def test_a_folder_that_cannot_be_written_is_said_and_survived(parrot, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.warns(PluginWarning, match="every start collects them"):
        assert "parrot" in open_registry(tmp_path / "cache").names("connection type")


def test_everything_built_in_can_be_imported(site):
    registry = open_registry(None)
    own = registry.plugins[0]
    for kind, entries in registry.catalogue.entries.items():
        for key, entry in entries.items():
            if registry.plugins[entry.plugin] == own:
                assert callable(registry.load(kind, key))


def test_a_connection_of_a_type_that_nothing_has_is_noted(parrot, owl):
    use_registry(None)
    assert note_on_connection_type("parrot") is note_on_connection_type("") is None
    sentence = "Note: no installed provider has the connection type 'owl'; run: pip install tradewind-owl."
    assert note_on_connection_type("owl") == sentence
