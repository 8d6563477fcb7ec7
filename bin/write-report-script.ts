import { writeFileSync } from 'node:fs';
import { BUILT_FILE, buildReportScript } from '../lib/report/report-script';

// What runs in the report's page, for the published package, which brings no esbuild along.
writeFileSync(`dist/lib/report/${BUILT_FILE}`, buildReportScript());
