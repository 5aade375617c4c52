"""What a manual's 자동화 sets going: barriers, sirens, parts of a network, each a machine that the city has entered.

A machine is spoken to by Modbus TCP or by a signed request. In a drill nothing moves: then, and where the city has
entered no machine of that name or the machine does not do it, the act is a task for somebody who can.
"""
