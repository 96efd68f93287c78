"""The windows and widgets; they know values, not engines."""
