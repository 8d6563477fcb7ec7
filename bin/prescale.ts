#!/usr/bin/env node
import { runMain } from '../lib/commands/main';
import { runProgram } from '../lib/commands/program';

runMain(runProgram);
