"""Parsing: the DAG processor, which reads DAG files whenever their inputs change and writes what they define.

Files are imported in forked children only, with limits on time and memory. ``processor`` is the loop; ``tree`` sees
what changed; ``children``, ``child`` and ``recorder`` import a file and note what the import read; ``sources`` gathers
what belongs to a version; ``planning`` decides what is written, and ``metadata.statements.parsing`` writes it.
"""
