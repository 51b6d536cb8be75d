"""DAGs to learn from; `dags.load_examples` loads them beside your own. They need core only."""
