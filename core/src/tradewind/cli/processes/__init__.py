"""What keeps a process that lives long: its pid file, signals, probe, watchdog, background and children."""
