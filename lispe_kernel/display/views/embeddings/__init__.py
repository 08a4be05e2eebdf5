"""Tables of rows as points: maps of two and three dimensions."""
