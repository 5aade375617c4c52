/** The unit that the city keeps each property in (kernel/units.py holds the same table); properties without one are not here. */
const units: Readonly<Record<string, string>> = {
  heat: 'Cel', temperature: 'Cel', device_temperature: 'Cel', humidity: '%RH', smoke_obscuration: '%/m', gas: 'ppm', co: 'ppm', co2: 'ppm', water_level: 'm', pressure: 'Pa', pm10: 'ug/m3', pm25: 'ug/m3',
  noise: 'dB', battery: '%EL', rssi: 'dBm', snr: 'dB', flow: 'm3/s', voltage: 'V', flow_sum: 'm3', power: 'W', power_sum: 'J', current: 'A', illuminance: 'lx', wind_speed: 'm/s', rain_rate: 'm/s',
};

export const unitOf = (property: string): string | null => units[property] ?? null;
