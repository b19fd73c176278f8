"""Who may do what: memberships of people in organisations, the API tokens made from them, and notices of refusals."""
