"""One file per tab. Each has a NAME, the key of its title, and ``build(page)``, which adds its content."""
