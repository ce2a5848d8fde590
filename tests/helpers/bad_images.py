"""Images that are not what they say."""

import struct
import zlib
from pathlib import Path


def claim(path: Path, width: int, height: int) -> Path:
    """Write a PNG of 100 bytes whose header claims another size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack('>I', zlib.crc32(kind + content))
        return struct.pack('>I', len(content)) + kind + content + check

    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', header)
        + chunk(b'IDAT', zlib.compress(b'\0' * 10))
        + chunk(b'IEND', b'')
    )
    return path
