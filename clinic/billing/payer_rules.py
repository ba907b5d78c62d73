"""Rules for the payer of an invoice."""

PATIENT, RELATED_PERSON, OTHER = "patient", "related_person", "other"
KINDS = (PATIENT, RELATED_PERSON, OTHER)

LONGEST_NAME = 200
LONGEST_ADDRESS = 500
LONGEST_TAX_NUMBER = 50

NO_KIND = f"Choose one of: {', '.join(KINDS)}"
NO_NAME = "Enter the name of the payer"
NO_PERSON = "Choose a related person of the patient who is a guardian or payer"
ONLY_OTHER = "Leave this empty: it is for another person or firm only"
ONLY_RELATED = "Leave this empty: it is for a related person only"
NOT_CHOSEN = "Nobody is chosen to pay yet: choose who pays"
NO_LONGER = "The chosen payer is no longer on record as one: choose again"
DIED = "Has died: choose another payer"
ARCHIVED = "Archived: choose another payer, or restore the record"
MINOR_PATIENT = "Under 18: choose a guardian or another payer"
MINOR_PERSON = "Under 18: choose another payer"
