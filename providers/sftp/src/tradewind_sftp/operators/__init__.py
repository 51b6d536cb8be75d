"""Operators for SFTP."""
