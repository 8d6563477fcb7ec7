#!/usr/bin/env node
import { runMain } from '../lib/commands/main';
import { runProgram } from '../lib/commands/program';

// The versions of the SDK are pinned: that later ones will need a later Node is nothing for whoever stands in the night.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

runMain(runProgram);
