"""Collections: what a business asks for and is paid, and what it pays to others (SPEC 9 to 11)."""
