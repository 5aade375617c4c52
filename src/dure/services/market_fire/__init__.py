"""Fire watch in traditional markets: detectors in stalls, read every few seconds, become one incident of the market.

For merchants, the control room, 119 and 112. Words: stall (점포) with its painted number, hall (동), gateway (중계기)
that a hall's detectors speak through. The city reports to 119; dispatch is the fire service's alone, and an automatic
notification system (자동화재속보설비) is never delayed nor replaced.
"""
