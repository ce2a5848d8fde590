"""Studies: arms trained side by side, and what they show."""
