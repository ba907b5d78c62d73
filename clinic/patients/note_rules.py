"""Notes about patients: their kinds and the longest texts."""

NOTE, ALERT = "note", "alert"
NOTE_KINDS = {NOTE: "Note", ALERT: "Alert"}
"""An alert is shown on opening the record and on booking."""

LONGEST_NOTE, LONGEST_ALERT = 1000, 200
