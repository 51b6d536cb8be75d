"""What commands of all groups share: the session, finding what words name, values, output, asking, waking daemons."""
