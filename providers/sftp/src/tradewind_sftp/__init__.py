"""SFTP for Tradewind."""
