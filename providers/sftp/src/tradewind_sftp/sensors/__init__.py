"""Sensors for SFTP."""
