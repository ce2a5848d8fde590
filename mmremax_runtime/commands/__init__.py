"""Commands of `mmremax` that need no torch by themselves."""
