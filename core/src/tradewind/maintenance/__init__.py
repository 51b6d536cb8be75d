"""The DAGs that keep an installation small; `maintenance.enabled` loads them. No other DAG may ask for what they ask."""
