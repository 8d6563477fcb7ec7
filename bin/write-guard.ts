import { writeFileSync } from 'node:fs';
import { BUILT_FILE, bundleGuard } from '../lib/guard/bundle-guard';

// The guard's code for the published package, which brings no esbuild along.
writeFileSync(`dist/lib/guard/${BUILT_FILE}`, bundleGuard());
