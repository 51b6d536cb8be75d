# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.access.fab.settings import AUTH_DB as AUTH_DB
from tradewind.access.fab.settings import AUTH_LDAP as AUTH_LDAP
from tradewind.access.fab.settings import AUTH_OAUTH as AUTH_OAUTH
from tradewind.access.fab.settings import AUTH_OID as AUTH_OID
from tradewind.access.fab.settings import AUTH_REMOTE_USER as AUTH_REMOTE_USER
__all__ = ['AUTH_DB', 'AUTH_LDAP', 'AUTH_OAUTH', 'AUTH_OID', 'AUTH_REMOTE_USER']
