"""`dictate bench speed`: the recogniser beside others on one thread, and beside what the processor could do."""
