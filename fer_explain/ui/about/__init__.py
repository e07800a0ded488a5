"""What the app is, what it is not, and where its networks err."""
