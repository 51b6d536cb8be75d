"""Tasks that run on Celery's workers."""
