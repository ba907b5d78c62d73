"""What messages to patients say: texts with placeholders, dates of the reader's language, text and HTML of mails."""
