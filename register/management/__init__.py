"""The operator's commands of the register."""
