/** What a new rule begins with; only its names are left to write. */
export const freshRule = `[[rule]]
id = "city_heat"
name.ko = ""
name.en = ""
kinds = ["fire_detector"]
severity = "watch"
lane = "fire"
any = [{ property = "heat", op = ">=", value = 50, unit = "Cel", clear = 45 }]
[rule.sustained]
for = 30
`;
