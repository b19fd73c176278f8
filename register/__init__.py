"""The register: who is recognised to award credentials, told as events and folded into records."""
