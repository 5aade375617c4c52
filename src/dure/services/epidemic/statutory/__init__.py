"""Statutory reports (감염병 발생신고): doctors tell of a disease within its class's time, the health centre checks each
and makes a case of it. Source: 감염병의 예방 및 관리에 관한 법률 제2조, 제11조, 제12조; 시행규칙 제6조.
"""
