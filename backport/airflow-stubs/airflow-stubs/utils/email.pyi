# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.email import build_mime_message as build_mime_message
from tradewind_airflow_names.own.email import get_email_address_list as get_email_address_list
from tradewind_airflow_names.own.email import send_email as send_email
from tradewind_airflow_names.own.email import send_email_smtp as send_email_smtp
from tradewind_airflow_names.own.email import send_mime_email as send_mime_email
__all__ = ['build_mime_message', 'get_email_address_list', 'send_email', 'send_email_smtp', 'send_mime_email']
