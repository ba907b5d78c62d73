"""Mail: messages and the senders that hand them over."""
