"""What tests stand on: servers, databases, tools. No test of its own lives here."""
