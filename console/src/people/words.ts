import { t } from '../lib/i18n.svelte';
import type { Person } from './types';

type Fact = readonly [string, string];

/** What is known of a person, in the order of a desk's questions. */
export function factsOf(person: Person): readonly Fact[] {
  return [
    [t('people.field.name'), person.name],
    [t('people.birth'), person.birth_date],
    [t('people.resident'), person.resident_no],
    [t('people.field.phone'), person.phone],
    [t('people.phone2'), person.second_phone],
    [t('field.address'), person.address],
    [t('people.email'), person.email],
    [t('people.passport'), person.passport_no],
    [t('people.licence'), person.licence_no],
    [t('people.note'), person.note],
    [t('people.devices'), person.devices.join(', ')],
  ];
}
