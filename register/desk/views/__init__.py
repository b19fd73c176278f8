"""What the desk answers to requests."""
