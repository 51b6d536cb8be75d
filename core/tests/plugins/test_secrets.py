import pytest
from tradewind.plugins.secrets import SecretsChain, secrets_chain
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
    chain = SecretsChain([secrets_chain(), Fixed()])
    assert [chain.get_variable(key) for key in "klm"] == ["environment", "fixed", None]
    assert chain.get_connection("c").host == "fixed"
    assert chain.get_config("s") == "fixed"


def test_an_unknown_backend_is_named(site):
    with pytest.raises(TradewindConfigException, match="no secrets backend 'vault'; there are environment"):
        secrets_chain(["vault"])


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
