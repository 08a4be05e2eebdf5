"""Patterns: `defpat`, and what its clauses become."""
