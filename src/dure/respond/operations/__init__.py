"""Operations (대응활동): what is larger than one incident.

An operation groups incidents, carries the crisis level (위기경보) with the reason and ground of each change, writes the
situation reports (최초, 중간, 최종보고), seats the headquarters (지역재난안전대책본부) with its meetings and decisions,
and tells citizens what was approved for them, as plain files.
"""
