"""Pictures for papers: what a page shows, drawn once more by matplotlib into a file that a journal takes."""
