import base from '../../jest.config.js';

/** Tests that deploy into a local account; `npm test` leaves them out. @type {import('jest').Config} */
// oxlint-disable-next-line import/no-default-export
export default {
  ...base,
  roots: ['<rootDir>'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/prepare-python.ts',
  // A deploy synthesizes the app and runs the CDK's command line.
  testTimeout: 180_000,
};
