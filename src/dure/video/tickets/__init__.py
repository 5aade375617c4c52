"""View tickets (영상 제공 승인) and the disclosure register (제3자 제공 대장 · 개인영상정보 관리대장).

A ticket is one officer's right to see named cameras for one incident: now, or a span of the past, or as a file. Live
opens by itself where a rule of `rules` matches; all else is decided by somebody of the control centre who did not ask.
It ends with the incident, with its time, or when somebody revokes it, and whatever it showed stops within a second.
Every picture that is shown is a line of the register, written before it is shown.
"""
