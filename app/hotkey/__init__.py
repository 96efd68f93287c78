"""Keys that are heard whatever window has the keyboard: what a press means, and how each platform gives it."""
