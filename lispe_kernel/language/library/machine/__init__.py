"""The machine: files, streams, dates, processes, sockets, threads."""
