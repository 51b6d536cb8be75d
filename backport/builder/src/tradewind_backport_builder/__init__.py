"""Builds the second host: lowers providers and the plugins API to Python 3.6 and packs them for Airflow 1.10."""
