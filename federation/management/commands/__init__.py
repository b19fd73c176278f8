"""`manage.py peer` and `manage.py rotate_key`."""
