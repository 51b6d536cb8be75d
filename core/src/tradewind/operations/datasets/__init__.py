"""Datasets, which Airflow 3 calls assets: what they are, the events that tell of new data, and which of those wait."""
