"""What several groups do with runs and their tasks: make them, select them, mark them, follow them."""
