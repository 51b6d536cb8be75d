import pytest
from tradewind.plugins.secrets import Place, SecretsChain, secrets_chain
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.exceptions import TradewindConfigException


class Fixed(SecretsBackend):
    def get_conn_value(self, conn_id):
        return "x://fixed" if conn_id == "c" else None

    def get_variable(self, key):
        return "fixed" if key in {"k", "l"} else None

    def get_config(self, key):
        return "fixed" if key == "s" else None


def test_the_environment_answers_by_name_in_capitals(site, monkeypatch):
    monkeypatch.setenv("TRADEWIND_CONN_MY_DB", '{"conn_type": "sqlite", "host": "a.db"}')
    monkeypatch.setenv("TRADEWIND_VAR_COLOUR", "")
    chain = secrets_chain()
    assert chain.get_connection("my_db").host == "a.db"
    assert chain.get_variable("colour") == ""
    assert (chain.get_connection("other"), chain.get_variable("other"), chain.get_config("other")) == (None, None, None)


def test_the_first_backend_that_has_a_secret_answers(site, monkeypatch):
    monkeypatch.setenv("TRADEWIND_VAR_K", "environment")
    chain = SecretsChain([Place("environment", secrets_chain()), Place("fixed", Fixed())])
    assert [chain.get_variable(key) for key in "klm"] == ["environment", "fixed", None]
    assert chain.get_connection("c").host == "fixed"
    assert chain.get_config("s") == "fixed"


def test_an_unknown_backend_is_named(site):
    with pytest.raises(TradewindConfigException, match=r"no secrets backend 'owl'; there are .*environment"):
        secrets_chain(["owl"])


def test_other_names_for_the_environment_come_with_it(site, monkeypatch):
    site.install("tradewind-others", "others_plugin")
    site.write(
        "others_plugin.py",
        """
        from tradewind_plugins.declarations import Declared
        from tradewind_plugins.hooks import hookimpl

        @hookimpl
        def tradewind_secrets_backends():
            return [Declared(name="environment.others", path="others_parts:Others")]
        """,
    )
    site.write(
        "others_parts.py",
        "from tradewind.plugins.secrets import EnvironmentBackend\n"
        "class Others(EnvironmentBackend):\n"
        "    def get_variable(self, key):\n"
        "        return 'theirs'\n",
    )
    monkeypatch.setenv("TRADEWIND_VAR_K", "ours")
    assert [secrets_chain().get_variable(key) for key in "kl"] == ["ours", "theirs"]
    assert secrets_chain(()).get_variable("l") is None


def places(chain):
    return [(place.name, type(place.backend).__name__) for place in chain.places]


def test_the_database_has_its_place_and_is_last_where_it_is_not_named(site):
    assert [name for name, _ in places(secrets_chain(()))] == ["database"]
    assert [name for name, _ in places(secrets_chain(("file",)))] == ["file", "database"]
    assert [name for name, _ in places(secrets_chain(("database", "environment")))] == ["database", "environment"]


VAULT = """
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.declarations import Declared
from tradewind_plugins.hooks import hookimpl

class Vault(SecretsBackend):
    def __init__(self, prefix="x"):
        self.prefix = prefix

    def get_variable(self, key):
        return self.prefix + key

@hookimpl
def tradewind_secrets_backends():
    return [Declared(name="vault", path="vault_plugin:Vault")]
"""


@pytest.fixture
def vault(site):
    site.install("tradewind-vault", "vault_plugin")
    site.write("vault_plugin.py", VAULT)


def test_a_backend_is_made_with_its_options_and_cached_unless_it_is_local(vault):
    chain = secrets_chain(("vault", "environment"), options='{"vault": {"prefix": "p-"}}', cache_seconds=60)
    assert chain.get_variable("k") == "p-k"
    assert places(chain) == [
        ("vault", "CachedBackend"),
        ("environment", "EnvironmentBackend"),
        ("database", "NoneType"),
    ]
    assert places(secrets_chain(("vault",)))[0] == ("vault", "Vault")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("[", "plugins.secrets_options is not JSON"),
        ('{"vault": 1}', "holds an object of options for each backend"),
        ('{"volt": {}}', "options for 'volt', which plugins.secrets_backends does not name"),
        ('{"vault": {"prefux": "p"}}', "'vault' cannot be made with its plugins.secrets_options: .*prefux"),
    ],
)
def test_options_that_do_not_fit_are_named(vault, options, said):
    with pytest.raises(TradewindConfigException, match=said):
        secrets_chain(("vault",), options=options)
