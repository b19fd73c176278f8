"""The public pages: server-rendered, readable without an account, a cookie or JavaScript."""
