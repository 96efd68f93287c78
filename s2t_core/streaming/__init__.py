"""When to listen, when to decode, and what of it may be committed."""
