"""Metrics of the daemons: declared once, gathered in memory, sent by exporters. Without an exporter a count costs a branch."""
