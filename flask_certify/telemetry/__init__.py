"""What was clicked, scanned and checked: how often, on which day, and nothing about whom.

Offers `service.note` (counts, and never troubles whoever reads a page), `events` (what is counted), `ports` and
`sinks` (where counts go: our table, unless the host plugs something). Leaves to others: the pages.
"""
