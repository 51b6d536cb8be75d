"""Who may do what. Today: one administrator, asked for by HTTP Basic; default is deny."""
