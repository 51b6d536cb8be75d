"""The perf kit: scenarios with goals, each figure the median of several runs with the machine's load beside it."""
