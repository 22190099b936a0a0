"""The course: exercises cut from the library, a student's functions lent and swapped, feedback that names the mistake."""
