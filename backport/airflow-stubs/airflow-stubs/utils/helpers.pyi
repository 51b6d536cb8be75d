# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import chain as chain
from tradewind import cross_downstream as cross_downstream
from tradewind_airflow_names.own.helpers import as_flattened_list as as_flattened_list
from tradewind_airflow_names.own.helpers import at_most_one as at_most_one
from tradewind_airflow_names.own.helpers import chunks as chunks
from tradewind_airflow_names.own.helpers import convert_camel_to_snake as convert_camel_to_snake
from tradewind_airflow_names.own.helpers import exactly_one as exactly_one
from tradewind_airflow_names.own.helpers import is_container as is_container
from tradewind_airflow_names.own.helpers import merge_dicts as merge_dicts
from tradewind_airflow_names.own.helpers import prune_dict as prune_dict
__all__ = ['as_flattened_list', 'at_most_one', 'chain', 'chunks', 'convert_camel_to_snake', 'cross_downstream', 'exactly_one', 'is_container', 'merge_dicts', 'prune_dict']
