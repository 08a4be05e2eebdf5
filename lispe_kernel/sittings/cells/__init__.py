"""A session that is kept after each cell: written behind the cells' back, and put back to what it was."""
