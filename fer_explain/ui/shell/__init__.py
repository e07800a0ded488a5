"""What all tabs share: page, server, theme, session, order of events, texts, components."""
