"""What a Tradewind provider is written against: the authoring kernel, hook specs and contracts."""
