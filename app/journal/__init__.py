"""What was said and written in a running recording, on disk before it is seen: nothing of it needs the program to end
in order.

A journal is a folder: `text.journal` with the head and the text, `sound-N.journal` with the sound behind it. All are
files of one format (`app.journal.records`).
"""
