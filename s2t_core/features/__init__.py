"""From samples to feature frames."""
