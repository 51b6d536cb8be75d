"""Flask-AppBuilder's security manager on our tables. Imported by the web server only: it takes half a second and 40 MB."""
