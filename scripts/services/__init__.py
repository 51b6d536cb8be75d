"""Real services for tests, the perf kit and `nox -s services`, started without anything installed by hand."""
