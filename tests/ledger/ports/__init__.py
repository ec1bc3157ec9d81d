"""The sandbox of providers, magic value by magic value."""
