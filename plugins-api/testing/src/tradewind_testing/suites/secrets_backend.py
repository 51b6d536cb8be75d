"""The suite of secrets backends."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from tradewind_plugins.connection import Connection

from tradewind_testing.suites.suite import Suite, only_if

__all__ = ["SecretsBackendSuite"]

_CONNECTION = Connection(
    conn_id="kit_shop",
    conn_type="postgres",
    host="db.example",
    login="ann",
    password="p@ss/word%",
    schema="shop",
    port=5432,
    extra='{"sslmode": "require"}',
)


class SecretsBackendSuite(Suite):
    """A backend answers for what it has, says None for what it has not, and never hides that it could not look.

    To be given: the fixture `backend`, and `plant`.
    """

    has_config: ClassVar[bool] = True
    """Whether it keeps settings, too."""

    @pytest.fixture
    def backend(self) -> Any:
        """A backend that is empty. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `backend`")

    def plant(self, kind: str, name: str, text: str) -> None:
        """Put a secret where the backend finds it; kind is `connection`, `variable` or `config`. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `plant`")

    has_service: ClassVar[bool] = True
    """Whether it asks a service, which could be away."""

    def away(self) -> Any:
        """Return a backend whose service cannot be reached; needed where it has one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `away`")

    @pytest.mark.parametrize("text", [_CONNECTION.get_uri(), _CONNECTION.as_json()], ids=["uri", "json"])
    def test_a_connection_is_found(self, backend: Any, text: str) -> None:
        self.plant("connection", "kit_shop", text)
        found = backend.get_connection("kit_shop")
        assert found.extra_dejson == {"sslmode": "require"}
        assert found.replace(extra=_CONNECTION.extra) == _CONNECTION

    def test_a_variable_is_found_as_it_is(self, backend: Any) -> None:
        self.plant("variable", "kit_greeting", ' {"hello": "wörld"} ')
        assert backend.get_variable("kit_greeting") == ' {"hello": "wörld"} '

    @only_if("has_config")
    def test_a_setting_is_found(self, backend: Any) -> None:
        self.plant("config", "kit_setting", "sqlite://")
        assert backend.get_config("kit_setting") == "sqlite://"

    def test_for_what_it_has_not_the_next_one_is_asked(self, backend: Any) -> None:
        self.plant("variable", "kit_other", "x")
        assert backend.get_connection("kit_nowhere") is None
        assert backend.get_conn_value("kit_nowhere") is None
        assert backend.get_variable("kit_nowhere") is None
        assert backend.get_config("kit_nowhere") is None

    def test_kinds_are_kept_apart(self, backend: Any) -> None:
        self.plant("variable", "kit_shop", "not a connection")
        assert backend.get_connection("kit_shop") is None

    def test_names_with_awkward_letters_do_no_harm(self, backend: Any) -> None:
        for name in ("kit/../shop", "kit shop", "kit*", "kit?x=1#y"):
            assert backend.get_connection(name) is None
            assert backend.get_variable(name) is None

    def test_a_text_that_is_no_connection_is_an_error_without_the_text(self, backend: Any) -> None:
        self.plant("connection", "kit_broken", "hunter2-is-no-uri")
        with pytest.raises(ValueError, match="kit_broken") as failed:
            backend.get_connection("kit_broken")
        assert "hunter2" not in str(failed.value)

    def test_what_changes_is_seen(self, backend: Any) -> None:
        self.plant("variable", "kit_greeting", "old")
        assert backend.get_variable("kit_greeting") == "old"
        self.plant("variable", "kit_greeting", "new")
        assert backend.get_variable("kit_greeting") == "new"

    @only_if("has_service")
    def test_that_it_could_not_look_is_an_error_and_never_a_no(self) -> None:
        away = self.away()
        for ask in (away.get_connection, away.get_variable):
            with pytest.raises(Exception, match=type(away).__name__):
                ask("kit_shop")

    def test_secrets_stand_in_no_repr(self, backend: Any) -> None:
        self.plant("connection", "kit_shop", _CONNECTION.get_uri())
        found = backend.get_connection("kit_shop")
        assert "p@ss/word%" not in f"{backend!r} {found!r}"
