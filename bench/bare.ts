import { Command } from 'commander';
import { Temporal } from 'temporal-polyfill';
import { LineCounter } from 'yaml';
import { z } from 'zod';

// What `plan` cannot do without and nothing else, so that the ratio of the two is the price of our own code.
// Each import is used, else the compiler would drop it.
if ([Command, Temporal, LineCounter, z].some((imported) => imported === undefined)) process.exitCode = 1;
