import { has, say, t } from './i18n.svelte';
import type { Alarm, Incident } from './types';

/** Words for codes of the server, from its rooms' own catalogues where they have them. */
function first(keys: readonly string[], otherwise: string): string {
  const key = keys.find(has);
  return key === undefined ? otherwise : say(key);
}

export const typeName = (type: string): string => first([`respond.type.${type}`, `${type}.type`, `type.${type}`, ...(type.includes('.') ? [type] : [])], type);
export const clockName = (name: string): string => first([`respond.clock.${name}`, `clocks.${name}`], name);
export const laneName = (lane: string): string => first([`detect.lane.${lane}`, `lane.${lane}`], lane);
export const deviceKind = (kind: string): string => first([`city.device.kind.${kind}`, `devicekind.${kind}`], kind);
export const assetKind = (kind: string): string => first([`city.asset.kind.${kind}`, `kind.${kind}`], kind);
export const faultName = (fault: string): string => first([`city.device.fault.${fault}`, `device.fault.${fault}`], fault);
export const propertyName = (property: string): string => first([`sense.property.${property}`, `property.${property}`], property);
export const sourceName = (source: string): string => first([`respond.source.${source}`, `source.${source}`], source);
/** A camera's purpose; one that the files do not know stays as they wrote it. */
export const purposeName = (purpose: string): string => first([`camera.purpose.${purpose}`], purpose);
export const statusName = (status: string): string => first([`status.${status}`], status);

/** What happened and where, in one line. */
export function titleOf(incident: Incident): string {
  return [kindOf(incident), placeOf(incident)].filter(Boolean).join(' ');
}

export const kindOf = (incident: Incident): string => {
  const kind = incident.title && has(incident.title) ? say(incident.title) : typeName(incident.type);
  return incident.mode === 'drill' ? t('learning.drill.marked', { kind }) : kind;
};

export function placeOf(incident: Incident): string {
  return incident.place.name || incident.place.address || (incident.place.lon == null ? t('place.unknown') : '');
}

/** The part of the receipt number that people say aloud: the running number of the day. */
export function shortNo(receiptNo: string): string {
  return receiptNo.split('-').at(-1) ?? receiptNo;
}

export const alarmPlace = (alarm: Alarm): string => alarm.device_name || alarm.place || alarm.device || alarm.subject.replace(/^group:/, '');
