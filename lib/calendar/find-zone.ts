import { suggest } from './suggest';

/** A place and its IANA time zone. */
export interface ZoneOfCity {
  /** As people write it: `Los Angeles`, `Portland, Oregon`. */
  readonly city: string;
  readonly zone: string;
}

/** Well-known cities that no zone is named after, by the zone that they are in; a region tells cities of one name apart. */
const CITIES: Readonly<Record<string, readonly string[]>> = {
  'Africa/Cairo': ['Alexandria'],
  'Africa/Casablanca': ['Rabat', 'Marrakesh'],
  'Africa/Johannesburg': ['Cape Town', 'Durban', 'Pretoria'],
  'Africa/Lagos': ['Abuja'],
  'America/Bahia': ['Salvador, Bahia'],
  'America/Bogota': ['Medellin', 'Cali'],
  'America/Chicago': [
    'Houston',
    'Dallas',
    'Austin',
    'San Antonio',
    'Minneapolis',
    'New Orleans',
    'Nashville',
    'Memphis',
    'St. Louis',
    'Kansas City',
    'Milwaukee',
    'Birmingham, Alabama',
  ],
  'America/Costa_Rica': ['San Jose, Costa Rica'],
  'America/Denver': ['Salt Lake City', 'Albuquerque'],
  'America/Edmonton': ['Calgary'],
  'America/Guayaquil': ['Quito'],
  'America/Los_Angeles': [
    'LA',
    'San Francisco',
    'San Diego',
    'San Jose, California',
    'Seattle',
    'Las Vegas',
    'Hollywood',
    'Oakland',
    'Sacramento',
    'Portland, Oregon',
  ],
  'America/Mexico_City': ['Guadalajara', 'Puebla'],
  'America/New_York': [
    'New York City',
    'NYC',
    'Washington DC',
    'Boston',
    'Miami',
    'Washington',
    'Philadelphia',
    'Atlanta',
    'Orlando',
    'Pittsburgh',
    'Cleveland',
    'Charlotte',
    'Baltimore',
    'Portland, Maine',
  ],
  'America/Puerto_Rico': ['San Juan, Puerto Rico'],
  'America/Sao_Paulo': ['Rio', 'Rio de Janeiro', 'Brasilia', 'Belo Horizonte', 'Curitiba', 'Porto Alegre'],
  'America/Toronto': ['Ottawa', 'Montreal', 'Quebec'],
  'Asia/Dhaka': ['Chittagong'],
  'Asia/Dubai': ['Abu Dhabi'],
  'Asia/Ho_Chi_Minh': ['Hanoi', 'Saigon'],
  'Asia/Jakarta': ['Bandung', 'Surabaya'],
  'Asia/Jerusalem': ['Tel Aviv'],
  'Asia/Karachi': ['Lahore', 'Islamabad', 'Hyderabad, Pakistan'],
  'Asia/Kolkata': [
    'Mumbai',
    'Bombay',
    'Delhi',
    'New Delhi',
    'Bengaluru',
    'Bangalore',
    'Chennai',
    'Hyderabad, India',
    'Pune',
    'Ahmedabad',
    'Calcutta',
  ],
  'Asia/Makassar': ['Denpasar', 'Bali'],
  'Asia/Manila': ['Quezon City', 'Cebu'],
  'Asia/Riyadh': ['Jeddah', 'Mecca'],
  'Asia/Seoul': ['Busan'],
  'Asia/Shanghai': ['Beijing', 'Guangzhou', 'Shenzhen', 'Chengdu'],
  'Asia/Tokyo': ['Osaka', 'Kyoto', 'Yokohama', 'Nagoya', 'Sapporo', 'Fukuoka'],
  'Asia/Yangon': ['Rangoon'],
  'Australia/Brisbane': ['Gold Coast'],
  'Australia/Sydney': ['Canberra'],
  'Europe/Amsterdam': ['Rotterdam', 'The Hague'],
  'Europe/Berlin': [
    'Munich',
    'München',
    'Hamburg',
    'Frankfurt',
    'Cologne',
    'Köln',
    'Düsseldorf',
    'Stuttgart',
    'Leipzig',
  ],
  'Europe/Brussels': ['Antwerp'],
  'Europe/Istanbul': ['Ankara'],
  'Europe/Kyiv': ['Kiev'],
  'Europe/Lisbon': ['Porto'],
  'Europe/London': ['Manchester', 'Birmingham, England', 'Edinburgh', 'Glasgow', 'Liverpool', 'Cardiff', 'Belfast'],
  'Europe/Madrid': ['Barcelona', 'Valencia', 'Seville', 'Bilbao'],
  'Europe/Moscow': ['Saint Petersburg'],
  'Europe/Paris': ['Lyon', 'Marseille', 'Cannes', 'Nice'],
  'Europe/Rome': ['Milan', 'Milano', 'Naples', 'Turin', 'Venice', 'Florence'],
  'Europe/Stockholm': ['Gothenburg'],
  'Europe/Warsaw': ['Krakow'],
  'Europe/Zurich': ['Geneva', 'Basel', 'Bern'],
  'Pacific/Auckland': ['Wellington', 'Christchurch'],
};

/** JavaScript lists some zones by names that the IANA list has replaced. */
const RENAMED: Readonly<Record<string, string>> = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
  'America/Catamarca': 'America/Argentina/Catamarca',
  'America/Coral_Harbour': 'America/Atikokan',
  'America/Cordoba': 'America/Argentina/Cordoba',
  'America/Godthab': 'America/Nuuk',
  'America/Indianapolis': 'America/Indiana/Indianapolis',
  'America/Jujuy': 'America/Argentina/Jujuy',
  'America/Louisville': 'America/Kentucky/Louisville',
  'America/Mendoza': 'America/Argentina/Mendoza',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
  'Pacific/Ponape': 'Pacific/Pohnpei',
  'Pacific/Truk': 'Pacific/Chuuk',
};

interface Candidate extends ZoneOfCity {
  /** Words of all names under which exactly this place is meant. */
  readonly names: readonly string[];
  /** Words that a search may begin. */
  readonly words: readonly string[];
}

let candidates: readonly Candidate[] | undefined;

/** Letters and digits in words, without accents; `St.` and `Saint` are one. */
function normalize(text: string): string {
  return text
    .slice(0, 100)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .replace(/\bsaint\b/g, 'st')
    .trim();
}

function allCandidates(): readonly Candidate[] {
  if (candidates) return candidates;
  const zones = Intl.supportedValuesOf('timeZone').map((zone) => RENAMED[zone] ?? zone);
  const named = [...new Set([...zones, 'UTC'])].map((zone) => {
    const city = zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ');
    return candidate(city, zone, [city, zone]);
  });
  const others = Object.entries(CITIES).flatMap(([zone, cities]) =>
    cities.map((city) => candidate(city, zone, [city, city.split(',')[0]!])),
  );
  candidates = [...named, ...others];
  return candidates;
}

function candidate(city: string, zone: string, names: readonly string[]): Candidate {
  const normal = names.map(normalize);
  return { city, zone, names: normal, words: normal.flatMap((name) => name.split(' ')) };
}

/**
 * The cities that a text may mean, with their zones: those that are called so, or else those with words that begin so. In no way sorted by size;
 * empty when there is none. Finds the cities after which the IANA zones are named, zones by their full name, and some well-known cities besides.
 */
export function findZones(text: string): readonly ZoneOfCity[] {
  const wanted = normalize(text);
  if (wanted === '') return [];
  const words = wanted.split(' ');
  const all = allCandidates();
  const exact = all.filter(({ names }) => names.includes(wanted));
  const found =
    exact.length > 0
      ? exact
      : all.filter((one) => words.every((word) => one.words.some((known) => known.startsWith(word))));
  return found.map(({ city, zone }) => ({ city, zone }));
}

/** The city that somebody who wrote `text` most likely meant, or undefined when none is near. */
export function suggestCity(text: string): string | undefined {
  return suggest(
    text,
    allCandidates().map(({ city }) => city),
  );
}
