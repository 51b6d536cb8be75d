"""Hooks for SFTP."""
