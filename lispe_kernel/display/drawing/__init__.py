"""Pictures from numbers: statistics, colours, heatmaps, charts, PNG. Nothing here knows a kind of value."""
