"""Pages of people: signing in, the account, invitations, people of an organisation, the audit record."""
