"""Photos, PDFs and sheets of an incident: checked, rebuilt without what nobody asked for, sealed under its key.

What goes in is not what was sent but what was understood of it. Images are taken apart and put together again from the
parts that carry the picture: place, camera, comments and whatever hangs behind the end are left out; nothing is decoded
here. PDFs and workbooks with anything that acts by itself are refused.
"""
