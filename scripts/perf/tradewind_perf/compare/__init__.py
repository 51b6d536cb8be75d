"""Apache Airflow beside Tradewind: the same DAG files, the same machine, the same run."""
