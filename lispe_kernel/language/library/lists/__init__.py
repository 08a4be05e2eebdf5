"""Functions on lists: access, search, order, mapping, composition, the APL layer."""
