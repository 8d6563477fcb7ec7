import type { LeadTime } from './environment';
import { ceilUnits } from './units';

/** Fargate's launch rate per service, and what is judged or seen for the rest; sources at `LeadTime`. */
const DEFAULT_LEAD_TIME: LeadTime = { schedulerDelaySeconds: 60, startLatencySeconds: 120, unitsPerMinute: 500 };

/** The lead time of a profile, with the defaults of what it leaves out. */
export function resolveLeadTime(given: Partial<LeadTime> = {}): LeadTime {
  const {
    schedulerDelaySeconds = DEFAULT_LEAD_TIME.schedulerDelaySeconds,
    startLatencySeconds = DEFAULT_LEAD_TIME.startLatencySeconds,
    unitsPerMinute = DEFAULT_LEAD_TIME.unitsPerMinute,
  } = given;
  return { schedulerDelaySeconds, startLatencySeconds, unitsPerMinute };
}

/** How long before it is needed a rise by so many units has to be asked for, at most. Seconds. */
export function leadSeconds(rise: number, leadTime: LeadTime): number {
  return leadTime.schedulerDelaySeconds + leadTime.startLatencySeconds + (60 * rise) / leadTime.unitsPerMinute;
}

/**
 * The floors that make `required` ready in time, cell by cell: any floor that is nowhere below them keeps ready units
 * at or above required.
 *
 * `r′(t) = max( max over s in [t, t+L] of r(s), max over u ≥ t of [ r(u+L) − ρ·(u−t) ] )` with `L` the scheduler's
 * delay plus the start latency and `ρ` the launch rate. The first term because a lowering is immediate, the second
 * because launches take time. A cell takes the highest `r′` of its instants, so a floor may begin with its cell.
 *
 * @param required ready units by cell; the units after the last cell are taken as no higher than the last
 * @param cellSeconds length of a cell
 * @returns whole units, as many cells; the caller leaves room for the lead at the front
 */
export function dilateByLeadTime(required: readonly number[], cellSeconds: number, leadTime: LeadTime): number[] {
  const lead = leadTime.schedulerDelaySeconds + leadTime.startLatencySeconds;
  const launchedPerCell = (leadTime.unitsPerMinute / 60) * cellSeconds;
  const cells = required.length;
  // Highest ramp that must have been reached at the start of a cell so that launches at the rate keep up from there on.
  const ramp = new Float64Array(cells + 1);
  for (let cell = cells - 1; cell >= 0; cell -= 1) {
    ramp[cell] = Math.max(required[cell]!, ramp[cell + 1]! - launchedPerCell);
  }
  // Cells that begin before the end of this one plus the lead are covered in full; later ones by the ramp.
  const leadCells = Math.ceil(lead / cellSeconds);
  const slackUnits = (leadTime.unitsPerMinute / 60) * (leadCells * cellSeconds - lead);
  return required.map((_, cell) => {
    let units = 0;
    for (let ahead = cell; ahead <= Math.min(cell + leadCells, cells - 1); ahead += 1) {
      units = Math.max(units, required[ahead]!);
    }
    const launching = (ramp[Math.min(cell + 1 + leadCells, cells)] ?? 0) - slackUnits;
    return Math.max(units, ceilUnits(launching));
  });
}
