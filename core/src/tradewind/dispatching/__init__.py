"""Dispatching: giving executors a ticket for each try that is queued for them, and drawing what follows from what they see.

Messages are lost, late and doubled; the database decides. A try is claimed where its ticket arrives, atomically, so tickets
are sent again without harm: where the executor has lost one, or this process died between sending and noting.
"""
