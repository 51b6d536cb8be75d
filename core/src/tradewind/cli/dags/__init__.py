"""`tradewind dags`: its verbs, and what reads, draws and rehearses DAGs for them."""
