"""The desktop program and the command `dictate`."""
