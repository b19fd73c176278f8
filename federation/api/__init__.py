"""The API of the federation, in the habits of register/api: peers as resources, and what operators do to them."""
