"""How tensors, modules and what trains them are kept in the folder of a session."""
