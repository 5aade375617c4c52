"""What the watch learns: each alarm's cause, false reports and delays, what is proposed for a stall and replayed on the
past year before a person approves it, the night's report and the stall's story.
"""
