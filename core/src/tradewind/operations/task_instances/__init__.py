"""Task instances: listing, tries, logs, clearing, marking."""
