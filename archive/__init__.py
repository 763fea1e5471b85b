"""What must survive: the records, the ledger, the cases, the orders and the evidence, in a database and a folder."""
