"""The pure decision, and the only code that changes the state of a run or a task instance."""
