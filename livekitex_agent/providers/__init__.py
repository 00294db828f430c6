"""Providers by the names of their vendors, one module for each; an extra of the same name installs what it needs."""
