"""One module a page: read the query, ask the register, render."""
