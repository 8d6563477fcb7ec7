/** The version in package.json, which a test compares: reading a file at start-up would cost more than this line. */
export const TOOL_VERSION = '0.1.0';
