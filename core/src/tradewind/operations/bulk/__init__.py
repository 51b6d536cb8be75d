"""Many changes at once, all or none: what is wrong with each row is told by its index. A module for each noun."""
