"""The hook that all those for services of Google derive from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from tradewind_plugins.exceptions import TradewindNotFoundException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import current

from tradewind_google.settings import GoogleSettings, chain_of, how_to_call, naming

__all__ = ["GoogleBaseHook"]


class GoogleBaseHook(BaseHook):
    """A login to Google Cloud.

    Without a key in the connection Google's own order holds: the file of `GOOGLE_APPLICATION_CREDENTIALS`, what `gcloud`
    has stored, the account of the machine.

    Arguments:
        gcp_conn_id: the connection. `google_cloud_default` may be missing, which means Google's own order.
        impersonation_chain: the service account to act as, or a list whose last one that is; over the connection's.
    """

    conn_name_attr: ClassVar[str] = "gcp_conn_id"
    default_conn_name: ClassVar[str] = "google_cloud_default"
    conn_type: ClassVar[str] = "google_cloud_platform"
    hook_name: ClassVar[str] = "Google Cloud"

    def __init__(
        self,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self._settings: GoogleSettings | None = None
        self._client: Any = None

    @property
    def settings(self) -> GoogleSettings:
        """What the connection says, with this hook's arguments over it.

        Raises:
            TradewindNotFoundException: there is no connection of that id.
        """
        if self._settings is None:
            settings = self._settings_of_connection()
            for secret in settings.secrets:
                current().mask(secret)
            if self.impersonation_chain:
                settings = settings.replace(impersonation_chain=chain_of(self.impersonation_chain))
            self._settings = settings
        return self._settings

    def _settings_of_connection(self) -> GoogleSettings:
        try:
            return GoogleSettings.of(self.get_connection(self.gcp_conn_id))
        except TradewindNotFoundException:
            if self.gcp_conn_id != self.default_conn_name:
                raise
        self.log.warning("There is no connection %r; Google's own order of logins is taken.", self.gcp_conn_id)
        return GoogleSettings()

    def _forget(self) -> None:
        """Drop the client and what the connection said, after a failure: the next call asks anew."""
        self._client = None
        self._settings = None

    def naming(self) -> AbstractContextManager[None]:
        """Turn errors about the connection into `ConnectionFailed`, inside a `with` block."""
        return naming(self.settings, self._forget)

    @property
    def how(self) -> dict[str, Any]:
        """The arguments of the client's calls that say how long one may take and how it is tried again."""
        return how_to_call(self.settings)

    @property
    def project_id(self) -> str | None:
        """The project of the connection, or that of the login."""
        return self.settings.project or self.settings.credentials()[1]

    @property
    def num_retries(self) -> int:
        """What the connection says of retries."""
        return self.settings.num_retries

    def get_credentials(self) -> Any:
        """Return the credentials of google-auth."""
        return self.settings.credentials()[0]

    def test_connection(self) -> tuple[bool, str]:
        """Log in; return whether that works, with a sentence for people."""
        try:
            project = self._try()
        except Exception as error:  # noqa: BLE001 - whatever is wrong, people shall read it in the form
            return False, str(error)
        return True, f"Logged in to project {project}"

    def _try(self) -> str | None:
        return self.settings.credentials()[1]
