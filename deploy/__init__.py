"""Putting the apps together: settings, addresses, commands, and the processes of a node."""
