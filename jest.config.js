const swc = [
  '@swc/jest',
  { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
];

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  // Deploys need Python and take minutes: npm run test:deploy.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/deploy/'],
  // temporal-polyfill is published as ES modules alone, which Node requires and Jest does not.
  transform: { '^.+\\.ts$': swc, '/temporal-[^/]+/.+\\.js$': swc },
  transformIgnorePatterns: ['/node_modules/(?!temporal-)'],
  // Commands import what needs the SDK or the simulator when they need it, with the extension that Node wants.
  moduleNameMapper: { '^(\\.\\./live/[^/]+|\\.\\./report/chart-svg|\\./run-[^/]+|\\./outage-gate)\\.js$': '$1' },
  randomize: true,
  // Looked up outside the sandbox, the simulator is five times as fast.
  sandboxInjectedGlobals: ['Math', 'Float64Array'],
  // One more than Jest's own choice: on two cores it would run one file at a time.
  maxWorkers: '100%',
};
