"""The scenarios, by what they are about; `catalogue` names them all."""
