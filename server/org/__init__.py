"""Who and where: the tree of nodes, departments, people, stations, their codes, sessions and numbers."""
