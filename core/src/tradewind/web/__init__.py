"""The web server: stateless, it reads the database and the log store, never a DAG folder."""
