"""State dicts: taken from modules, compared, computed with, saved and loaded all or nothing."""
