"""Release packages: specifications that are checked, installed, rolled back and compared as one."""
