import { findZones, suggestCity } from '../../lib/calendar/find-zone';
import { parsePremiere } from '../../lib/calendar/premiere';

/** The zones of a text, each once. */
function zones(text: string): string[] {
  return [...new Set(findZones(text).map(({ zone }) => zone))];
}

test.each([
  ['los angeles', 'America/Los_Angeles'],
  ['LOS ANGELES ', 'America/Los_Angeles'],
  ['los_angeles', 'America/Los_Angeles'],
  ['America/Los_Angeles', 'America/Los_Angeles'],
  ['york', 'America/New_York'],
  ['San Francisco', 'America/Los_Angeles'],
  ['Seattle', 'America/Los_Angeles'],
  ['Boston', 'America/New_York'],
  ['Miami', 'America/New_York'],
  ['Saint Louis', 'America/Chicago'],
  ['Mumbai', 'Asia/Kolkata'],
  ['Delhi', 'Asia/Kolkata'],
  ['Kolkata', 'Asia/Kolkata'],
  ['Calcutta', 'Asia/Kolkata'],
  ['Beijing', 'Asia/Shanghai'],
  ['Rio', 'America/Sao_Paulo'],
  ['São Paulo', 'America/Sao_Paulo'],
  ['Buenos Aires', 'America/Argentina/Buenos_Aires'],
  ['München', 'Europe/Berlin'],
  ['Barcelona', 'Europe/Madrid'],
  ['Kiev', 'Europe/Kyiv'],
  ['utc', 'UTC'],
  ['portland maine', 'America/New_York'],
])('%s is found', (text, zone) => {
  expect(zones(text)).toEqual([zone]);
});

test.each([
  ['portland', ['America/Los_Angeles', 'America/New_York']],
  ['San Juan', ['America/Argentina/San_Juan', 'America/Puerto_Rico']],
  ['Hyderabad', ['Asia/Karachi', 'Asia/Kolkata']],
  ['new del', ['Asia/Kolkata']],
  ['san di', ['America/Los_Angeles']],
  ['nowhere at all', []],
  ['', []],
  ['…', []],
])('%s may be %j', (text, expected) => {
  expect(zones(text)).toEqual(expected);
});

test('a slip gets the city that was meant', () => {
  expect([suggestCity('bostn'), suggestCity('los angelos'), suggestCity('qqqqqq')]).toEqual([
    'Boston',
    'Los Angeles',
    undefined,
  ]);
});

test('the calendar accepts every zone that can be found, by the name that the IANA list has now', () => {
  const all = [...'abcdefghijklmnopqrstuvwxyz'].flatMap((letter) => zones(letter));
  const known = [...new Set(all)];
  expect(known.length).toBeGreaterThan(400);
  const refused = known.filter((zone) => 'code' in parsePremiere(`2027-01-15 12:00 ${zone}`));
  expect(refused).toEqual([]);
  expect(known.filter((zone) => /Calcutta|Kiev|Saigon|Rangoon|Godthab/.test(zone))).toEqual([]);
});
