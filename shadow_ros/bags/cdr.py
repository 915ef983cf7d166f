"""Text messages as they lie in bags: std_msgs/String in CDR, without ROS."""

import struct

from shadow_ros.errors import BagError

_LITTLE = b'\x00\x01\x00\x00'  # encapsulation: plain CDR, little endian


def encode_text(text: str) -> bytes:
    """Return a std_msgs/String as rclpy writes it."""
    data = text.encode('utf-8', 'replace') + b'\0'
    return _LITTLE + struct.pack('<I', len(data)) + data


def decode_text(data: bytes) -> str:
    """Return the text of a std_msgs/String in either byte order, or raise BagError."""
    if len(data) < 8 or data[1] > 1:
        raise BagError(f'expected a std_msgs/String, got {len(data)} bytes')
    size: int = struct.unpack_from('<I' if data[1] else '>I', data, 4)[0]
    if size > len(data) - 8:
        raise BagError(f'expected a text of {size} bytes, got {len(data) - 8}')
    return bytes(data[8:8 + size]).rstrip(b'\0').decode('utf-8', 'replace')
