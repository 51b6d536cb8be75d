# Written by generate.py from the tables of tradewind-airflow-names.
