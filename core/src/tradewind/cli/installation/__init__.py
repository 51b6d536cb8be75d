"""The commands that show this installation or look for what is wrong with it."""
