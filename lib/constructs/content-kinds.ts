/** How long the edge keeps what an origin sent. Seconds. */
export interface Caching {
  /** Kept at least so long, even what the origin calls private: more than 0 is for content that is nobody's own. */
  readonly minSeconds: number;
  /** Kept so long when the origin sends no `Cache-Control`. */
  readonly defaultSeconds: number;
  /** Kept at most so long, `stale-while-revalidate` and `stale-if-error` included. */
  readonly maxSeconds: number;
  /** Whether the edge compresses with gzip and Brotli. Off for what is compressed already. */
  readonly compress: boolean;
}

/**
 * Content that is cached alike. The cache key is the path, with what the viewer can decompress where the edge compresses, and never a cookie,
 * a header or a query string.
 */
export interface CachedContent {
  readonly caching: Caching;
  /** What the origin should send: an uploader as the object's metadata, the service with its answer. */
  readonly cacheControl: string;
}

/** Path patterns of CloudFront, each from `/` or `*`. */
export interface WithPaths {
  readonly paths: readonly string[];
}

/** All content by kind, in the order in which paths are matched. */
export interface ContentKinds {
  /**
   * Page of the service that all viewers share, by its one path, without a wildcard: the home page before anybody is known, and the first
   * request of everybody at a premiere. An object of the bucket stands in for it while the service fails.
   */
  readonly sharedPage: CachedContent & { readonly path: string };
  /** Everything else of the service. Nothing is kept, and requests do not collapse. */
  readonly personal: WithPaths & Pick<CachedContent, 'cacheControl'>;
  /** In the bucket: what players ask for again and again while a live stream runs. */
  readonly manifests: CachedContent & WithPaths;
  /** In the bucket: pieces of audio and video, under names that are never used again. */
  readonly segments: CachedContent & WithPaths;
  /** In the bucket. */
  readonly artwork: CachedContent & WithPaths;
  /** In the bucket, on all other paths: pages, scripts, styles. */
  readonly appShell: CachedContent;
}

const HOUR = 3600;
const YEAR = 365 * 24 * HOUR;

/** Every number is a judgement. Spread it to change a kind: `{ ...CONTENT_KINDS, artwork: { ...CONTENT_KINDS.artwork, paths: ['/img/*'] } }`. */
export const CONTENT_KINDS: ContentKinds = {
  sharedPage: {
    path: '/api/open',
    // At least 0: a service that answers `private` by mistake is obeyed.
    caching: { minSeconds: 0, defaultSeconds: 10, maxSeconds: 48 * HOUR, compress: true },
    cacheControl: 'public, max-age=10, stale-while-revalidate=60, stale-if-error=86400',
  },
  personal: { paths: ['/api/*'], cacheControl: 'private, no-store' },
  // Before segments: manifests lie beside them.
  manifests: {
    paths: ['*.m3u8', '*.mpd'],
    // At least a second: an upload that forbids caching must not turn a live audience against the bucket.
    caching: { minSeconds: 1, defaultSeconds: 2, maxSeconds: HOUR, compress: true },
    cacheControl: 'public, max-age=2, stale-while-revalidate=4, stale-if-error=60',
  },
  segments: {
    paths: ['/video/*'],
    caching: { minSeconds: 0, defaultSeconds: YEAR, maxSeconds: YEAR, compress: false },
    // Never stale within the year that it may be kept.
    cacheControl: 'public, max-age=31536000, immutable',
  },
  artwork: {
    paths: ['/artwork/*'],
    caching: { minSeconds: 0, defaultSeconds: 24 * HOUR, maxSeconds: YEAR, compress: false },
    cacheControl: 'public, max-age=86400, stale-while-revalidate=604800, stale-if-error=604800',
  },
  appShell: {
    // At most a year, for scripts whose name changes with their content.
    caching: { minSeconds: 0, defaultSeconds: 60, maxSeconds: YEAR, compress: true },
    cacheControl: 'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400',
  },
};
