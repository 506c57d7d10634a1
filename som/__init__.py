"""Puts it together: settings, bootstrap, command line, and the SDK for plug-ins."""
