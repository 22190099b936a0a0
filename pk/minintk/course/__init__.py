"""The course: exercises cut from the library, functions swapped and lent, feedback that names the mistake."""
