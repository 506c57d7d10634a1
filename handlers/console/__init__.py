"""The console: pages that the server has for people, which use nothing of it but its HTTP interfaces."""
