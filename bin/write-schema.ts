import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { calendarJsonSchema } from '../lib/calendar/json-schema';

/** Refreshes the JSON Schema with which editors complete and check the calendar. */
writeFileSync(path.join(__dirname, '..', 'release-calendar', 'schema.json'), calendarJsonSchema());
