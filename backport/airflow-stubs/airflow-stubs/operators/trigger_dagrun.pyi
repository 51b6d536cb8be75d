# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.operators.trigger_dagrun import TriggerDagRunOperator as TriggerDagRunOperator
from tradewind.operators.trigger_dagrun import XCOM_LOGICAL_DATE_ISO as XCOM_LOGICAL_DATE_ISO
from tradewind.operators.trigger_dagrun import XCOM_RUN_ID as XCOM_RUN_ID
__all__ = ['TriggerDagRunOperator', 'XCOM_LOGICAL_DATE_ISO', 'XCOM_RUN_ID']
