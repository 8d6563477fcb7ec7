import type { ReleaseKind } from '../calendar/release';
import type { DemandModel, KindModel, LayerProfile } from './environment';

/**
 * The demand model that is used where a profile says nothing else. Judgements, but for what a doc comment of
 * `DemandModel` gives a source for. No share of plays in the first minutes of a series was ever published: the
 * finale's decline (64 % of the plays of three hours in the first 15 minutes) is an assumption.
 */
export const DEFAULT_DEMAND_MODEL: DemandModel = {
  requestsPerPlay: 12,
  heartbeatsPerSecond: 1 / 60,
  requestsPerExit: 4,
  requestsPerRefresh: 2,
  refreshSeconds: 60,
  lobbyShare: 0.3,
  lobbyLeadMinutes: 30,
  lobbyPlaysMinutes: 15,
  earlyShare: 0.2,
  earlyMeanMinutes: 10,
  stayRange: [0.9, 1.15],
  liveMidpointMinutes: 5,
  liveScaleMinutes: 5,
  liveExitHalfLifeMinutes: 12,
  holdMinutes: 20,
  drillMinutes: 15,
  previouslyShare: 0.2,
  windowEndsAtBaselineTimes: 1.15,
  sigmaUnobserved: 0.7,
  kinds: {
    finale: kindModel(3, 6, 1.6, 120, 12, 0.35, 60),
    episode: kindModel(5, 15, 1.2, 60, 12, 0.2, 30),
    season: kindModel(5, 20, 0.9, 90, 24, 0.5, 60),
    // A live release states its length; its arrivals are logistic, so the first three numbers are unused.
    live: kindModel(0, 0, 0, 0, 2, 0.5, 60),
  },
};

/** The demand model of a layer: the defaults with what its profile overrides. */
export function resolveDemandModel(profile: LayerProfile): DemandModel {
  const { kinds = {}, ...numbers } = profile.demand ?? {};
  const base = DEFAULT_DEMAND_MODEL.kinds;
  return {
    ...DEFAULT_DEMAND_MODEL,
    ...numbers,
    kinds: {
      season: { ...base.season, ...kinds.season },
      episode: { ...base.episode, ...kinds.episode },
      finale: { ...base.finale, ...kinds.finale },
      live: { ...base.live, ...kinds.live },
    } satisfies Record<ReleaseKind, KindModel>,
  };
}

function kindModel(
  playsPeakMinutes: number,
  declineMinutes: number,
  declineExponent: number,
  lengthMinutes: number,
  endHours: number,
  sigma: number,
  warmUpMinutes: number,
): KindModel {
  return { playsPeakMinutes, declineMinutes, declineExponent, lengthMinutes, endHours, sigma, warmUpMinutes };
}
