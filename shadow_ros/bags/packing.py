"""The compressions of bags, from the libraries that rosbags brings along."""

from pathlib import Path
from typing import Any

from shadow_ros.errors import BagError

NEEDED = ("reading and writing bags needs rosbags, which is not installed: pip install "
          "'shadow_ros[bags]'")


def zstd() -> Any:
    """Return the zstd module, or raise BagError."""
    try:
        from backports import zstd as found
    except ImportError:
        raise BagError(NEEDED) from None
    return found


def decompress(data: bytes, compression: str, partly: bool = False) -> bytes:
    """
    Return what was compressed, or raise BagError.

    With `partly` the data may end too early; what can be had of it is returned.
    """
    if not compression:
        return bytes(data)
    if compression == 'zstd':
        return _unzip(zstd().ZstdDecompressor, data, zstd().ZstdError, partly)
    if compression == 'lz4':
        try:
            from lz4.frame import LZ4FrameDecompressor
        except ImportError:
            raise BagError(NEEDED) from None
        return _unzip(LZ4FrameDecompressor, data, RuntimeError, partly)
    raise BagError(f'it is compressed with {compression[:20]!r}, which is not known here')


def decompress_file(path: Path, target: Path) -> bool:
    """Write what a zstd file holds to `target`; return whether it was whole."""
    reader = zstd().ZstdDecompressor()
    with open(path, 'rb') as file, open(target, 'wb') as out:
        try:
            while not reader.eof:
                block = file.read(1 << 15)
                if not block:
                    return False
                out.write(reader.decompress(block))
        except zstd().ZstdError:
            return False
    return True


def _unzip(kind: Any, data: bytes, failure: Any, partly: bool) -> bytes:
    """Decompress in blocks, so that what comes before a break can be kept."""
    reader, found = kind(), []
    try:
        for at in range(0, len(data), 4096):
            if reader.eof:
                break
            found.append(reader.decompress(data[at:at + 4096]))
    except failure as error:
        if not partly:
            raise BagError(f'it cannot be decompressed ({error})') from None
    if not (reader.eof or partly):
        raise BagError('its compressed data is cut off')
    return b''.join(found)
