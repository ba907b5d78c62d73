"""Calendar files of visits (RFC 5545, RFC 5546, RFC 6047)."""
