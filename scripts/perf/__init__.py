"""The perf kit: one scenario a command, figures as ratios and counts. `python -m perf --help`."""
