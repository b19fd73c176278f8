"""What the federation answers to requests: pages, operators' actions, signing in."""
