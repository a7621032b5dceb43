"""The rehearsal: any configs, the whole path, in a sandbox of its own, with a report of what was observed.

world.py prepares what configs presume to exist; rehearsal.py walks the path; report.py holds what was seen.
"""
