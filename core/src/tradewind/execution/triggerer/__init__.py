"""The triggerer: what deferred tasks wait for, run in child processes of a daemon that talks to the database."""
