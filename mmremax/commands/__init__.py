"""Commands of `mmremax` that need the whole stack."""
