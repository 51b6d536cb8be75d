"""Authoring: DAGs, groups, decorators, params, templates and the context. No database, no configuration.

Public names are re-exported by ``tradewind``; other layers of core import from the modules here.
"""
