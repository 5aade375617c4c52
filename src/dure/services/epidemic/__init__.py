"""Epidemic response (감염병 대응): the line list of cases (확진환자) and who infected whom, as a city's health centre
and its headquarters need it, from the first case on.

A figure is no fact without its as-of time (기준시각): every version of a case is kept with the moment at which it
became known, so that any past night's figures can be made again. Who somebody is stands in the vault; here they are a
number.
"""
