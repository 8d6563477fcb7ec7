/** What can go wrong with a call of AWS without a mistake of this tool. */
export interface Trouble {
  readonly kind: 'credentials' | 'network' | 'permission' | 'throttled' | 'refused';
  /** What went wrong, with AWS's words. */
  readonly message: string;
  readonly mend: string;
}

const CREDENTIALS = new Set([
  'AuthFailure',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException',
]);

const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  // What the SDK makes of SNS's.
  'AuthorizationErrorException',
  'UnauthorizedOperation',
]);

const THROTTLED = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
]);

/** What Node tried when it failed, of an error without a code that is listed. */
const NETWORK_CALLS = new Set(['connect', 'read', 'write', 'getaddrinfo', 'socket']);

/** An answer that is none of HTTP, or that broke off. */
const PROTOCOL =
  /^(HPE_|EPROTO$|ERR_STREAM_PREMATURE_CLOSE$|ECONNABORTED$|EAI_FAIL$|ENETDOWN$|EHOSTDOWN$|EADDRNOTAVAIL$|HOSTNAME_MISMATCH$)/;

const NETWORK = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** As OpenSSL calls what is wrong with a certificate: somebody between here and AWS shows one of their own. */
const CERTIFICATE = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** Undefined for what is a mistake in this tool. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message } = error;
  const code = 'code' in error ? String(error.code) : '';
  if (CREDENTIALS.has(name)) {
    return {
      kind: 'credentials',
      message: `AWS does not accept the credentials: ${name}: ${message}`,
      mend: 'sign in again, for example with aws sso login, and see that aws sts get-caller-identity answers',
    };
  }
  const isSocket = 'syscall' in error && NETWORK_CALLS.has(String(error.syscall));
  if (name === 'TimeoutError' || NETWORK.has(code) || isSocket || PROTOCOL.test(code) || CERTIFICATE.test(code)) {
    return {
      kind: 'network',
      // Where several addresses were tried there is no message.
      message: `AWS cannot be reached: ${[code, message].filter(Boolean).join(': ')}`,
      mend: 'see that the region is right and that nothing between here and AWS blocks HTTPS',
    };
  }
  if (DENIED.has(name)) {
    return { kind: 'permission', message: `${name}: ${message}`, mend: 'allow the permissions that --help lists' };
  }
  if (THROTTLED.has(name)) {
    return { kind: 'throttled', message: `${name}: ${message}`, mend: 'try again in a minute' };
  }
  // An answer that the SDK cannot read, such as the page of a proxy or of a network that wants a sign-in.
  if (!('$fault' in error) && '$response' in error) {
    return {
      kind: 'network',
      message: `what answers is not AWS: ${message}`,
      mend: 'see that nothing between here and AWS answers in its place, such as a proxy or a sign-in page',
    };
  }
  // Every other error that a service answered with.
  if ('$fault' in error) return { kind: 'refused', message: `${name}: ${message}`, mend: 'see what AWS says' };
  return undefined;
}

/** The name under which the SDK knows an error of a service; empty for anything else. */
export function codeOf(error: unknown): string {
  return error instanceof Error && '$fault' in error ? error.name : '';
}
