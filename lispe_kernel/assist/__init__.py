"""Help while typing: completion, inspection, completeness, colours. Nothing here runs a program."""
