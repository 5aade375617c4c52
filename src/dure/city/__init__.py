"""What exists and where: places, assets, cameras, devices, boundaries, the base map, and the files they come from.

Everything has a position in WGS84 degrees and a code that the field already knows. Who a stall's owner or a person in
care is stands in trust's vault; the city keeps the vault's id only.
"""
