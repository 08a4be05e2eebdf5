"""Views: one file a kind of value. Each registers itself when it is imported."""
