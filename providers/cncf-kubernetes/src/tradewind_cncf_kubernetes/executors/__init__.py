"""Executors that run tasks on Kubernetes."""
