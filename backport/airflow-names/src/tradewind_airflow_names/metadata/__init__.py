"""Airflow's tables for DAG code that queries them: a copy in memory of the rows that a statement reads, which only reads."""
