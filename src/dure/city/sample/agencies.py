"""Who answers in 한빛시."""

from dure.city.sample.model import Agency

AGENCIES = (
    Agency("police", "police", "한빛경찰서 112", "Hanbit Police 112", "099-112-0112"),
    Agency("fire", "fire", "한빛소방서 119", "Hanbit Fire Service 119", "099-119-0119"),
    Agency("disaster", "disaster", "한빛시 재난상황실", "Hanbit Disaster Room", "099-200-0100"),
    Agency("health", "health", "한빛시 보건소", "Hanbit Health Centre", "099-200-0200"),
    Agency("welfare", "welfare", "한빛시 복지정책과", "Hanbit Welfare", "099-200-0300"),
    Agency("school", "school", "한빛교육지원청", "Hanbit Office of Education", "099-200-0400"),
    Agency("hospital", "hospital", "한빛의료원 응급실", "Hanbit Medical Centre", "099-200-0500"),
    Agency("gas", "gas", "한빛도시가스 당직", "Hanbit City Gas duty desk", "099-300-0100"),
    Agency("power", "power", "한빛전력 당직", "Hanbit Power duty desk", "099-300-0200"),
    Agency("merchants-central", "merchants", "한빛중앙시장 상인회", "Hanbit Central Market merchants", "099-300-0300"),
    Agency("merchants-dongmun", "merchants", "동문시장 상인회", "Dongmun Market merchants", "099-300-0400"),
)
