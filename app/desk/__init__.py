"""The desk: every file joins one window of the program with what does its work."""
