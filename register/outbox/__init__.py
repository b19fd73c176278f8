"""Notices: a transactional outbox, delivered as e-mail, signed webhooks and Atom."""
