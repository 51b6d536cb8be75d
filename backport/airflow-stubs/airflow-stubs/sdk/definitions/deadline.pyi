# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.authoring.deadlines import AsyncCallback as AsyncCallback
from tradewind.authoring.deadlines import Callback as Callback
from tradewind.authoring.deadlines import DeadlineAlert as DeadlineAlert
from tradewind.authoring.deadlines import DeadlineReference as DeadlineReference
from tradewind.authoring.deadlines import SyncCallback as SyncCallback
__all__ = ['AsyncCallback', 'Callback', 'DeadlineAlert', 'DeadlineReference', 'SyncCallback']
