"""Screening stations (선별진료소) and their lanes: times that are given once, who came without one, the queue that
everybody sees, how many lanes and people a day needs, and the laboratory's results.
"""
