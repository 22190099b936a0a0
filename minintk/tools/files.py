"""Writing a file whole or not at all."""

import os
import pathlib


def write(path, content):
    """Puts a text, as UTF-8 with plain line ends, or bytes into the file. Until all is written, the old file stands."""
    path = pathlib.Path(path).resolve()  # what a link points to, not the link
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(part, path)
    except PermissionError as error:  # on Windows, also while another program shows the old one
        raise PermissionError(f"{path}: {error.strerror}; close it if it is open elsewhere, then try again") from None
    finally:
        part.unlink(missing_ok=True)
