"""Nights in a market as physics would have them: fires, what is mistaken for one, detectors, radio, people. Seeded.

An episode is one cause in one stall, thirty minutes before and after it began, as the stall's detector and four
neighbours report it. The benchmark judges policies on episodes; `dure simulate` plays them over MQTT.
"""
