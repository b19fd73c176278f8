"""Pages of notices: following, managing a subscription, feeds, a member's own list."""
