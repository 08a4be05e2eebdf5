"""Adapters: what each adds to its base, and how far two of them change the same directions."""
