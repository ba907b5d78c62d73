"""The search of patients: what is indexed of a record, what a query means, and how both are compared."""
