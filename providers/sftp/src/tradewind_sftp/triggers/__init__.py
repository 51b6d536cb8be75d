"""Triggers for SFTP."""
