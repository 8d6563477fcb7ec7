import type { Question } from '../question';
import { ACTION_QUESTIONS } from './actions';
import { DEPLOY_QUESTIONS } from './deploys';
import { REGISTRATION_QUESTIONS } from './registrations';

/** Everything that is asked of an account. */
export const QUESTIONS: readonly Question[] = [...ACTION_QUESTIONS, ...REGISTRATION_QUESTIONS, ...DEPLOY_QUESTIONS];
