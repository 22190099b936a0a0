"""What works on the library from outside: one command a file."""
