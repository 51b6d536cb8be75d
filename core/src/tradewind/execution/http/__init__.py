"""The lifecycle of tries over HTTP: what a worker without the database says to the web server, and how."""
