"""Scheduling: the loop that makes runs when they are due, starts them, admits their tasks, and watches over leases."""
