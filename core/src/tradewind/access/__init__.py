"""Who may do what: one table of operations, one function that decides, and the ways to say who one is. Default is deny."""
