import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  paginateListRequestedServiceQuotaChangeHistoryByQuota,
  type RequestedServiceQuotaChange,
  RequestServiceQuotaIncreaseCommand,
  type ServiceQuota,
  type ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { QuotaNeed } from '../capacity/quota-needs';
import { attempt, isTrouble } from './attempt';
import { type LiveClients, liveClients } from './clients';
import { type Fact, known, type QuotaFacts, unknown } from './facts';
import { codeOf, type Trouble } from './trouble';

/** Where a quota is read and raised. */
export type QuotaPlace = Pick<QuotaNeed, 'service' | 'code' | 'region'>;

/** A request for an increase. */
export interface QuotaRequest {
  readonly id: string;
  /** `PENDING`, or `CASE_OPENED` where the support decides. */
  readonly status: string;
  readonly desired: number;
}

/** Requests that AWS has not answered. */
const OPEN: readonly (string | undefined)[] = ['PENDING', 'CASE_OPENED'];

/** What would fail again at once, and take its time. */
const LASTING: readonly Trouble['kind'][] = ['credentials', 'network'];

/**
 * What is granted to the account, by the id of the need: its own value, or AWS's default where it has none.
 *
 * Fixed limits are in no account and left out. A quota is read in the region that the need names, one after the other: Service Quotas
 * answers a few calls a second. After a trouble that would meet the next call as well, the rest of the region is not asked.
 *
 * @throws what is a mistake of this tool
 */
export async function readQuotas(
  clients: LiveClients,
  needs: readonly (QuotaPlace & Pick<QuotaNeed, 'id'>)[],
): Promise<Map<string, Fact<QuotaFacts>>> {
  const quotas = new Map<string, Fact<QuotaFacts>>();
  const lost = new Map<string, Fact<QuotaFacts>>();
  for (const need of needs) {
    if (need.code === '' || quotas.has(need.id)) continue;
    // oxlint-disable-next-line no-await-in-loop
    const fact = lost.get(need.region) ?? (await readQuota(clientOf(clients, need), need));
    if (!fact.known && LASTING.includes(fact.trouble.kind)) lost.set(need.region, fact);
    quotas.set(need.id, fact);
  }
  return quotas;
}

/** The account of the credentials, twelve digits. */
export function readAccount({ identity }: Pick<LiveClients, 'identity'>): Promise<Fact<string>> {
  return asked(async () => (await identity.send(new GetCallerIdentityCommand({}))).Account ?? '');
}

/** The last request for an increase that AWS has not answered; undefined when there is none. */
export function openRequest(clients: LiveClients, place: QuotaPlace): Promise<Fact<QuotaRequest | undefined>> {
  return asked(async () => {
    const pages = paginateListRequestedServiceQuotaChangeHistoryByQuota(
      { client: clientOf(clients, place) },
      { ServiceCode: place.service, QuotaCode: place.code },
    );
    for await (const { RequestedQuotas = [] } of pages) {
      const open = RequestedQuotas.find(({ Status }) => OPEN.includes(Status));
      if (open) return requestOf(open);
    }
    return undefined;
  });
}

/** Asks AWS to raise a quota. What is pending already AWS refuses. */
export function requestIncrease(clients: LiveClients, place: QuotaPlace, desired: number): Promise<Fact<QuotaRequest>> {
  return asked(async () => {
    const { RequestedQuota = {} } = await clientOf(clients, place).send(
      new RequestServiceQuotaIncreaseCommand({
        ServiceCode: place.service,
        QuotaCode: place.code,
        DesiredValue: desired,
      }),
    );
    return requestOf(RequestedQuota);
  });
}

function clientOf(clients: LiveClients, { region }: QuotaPlace): ServiceQuotasClient {
  return region === clients.region ? clients.quotas : liveClients(region).quotas;
}

async function readQuota(client: ServiceQuotasClient, { service, code }: QuotaPlace): Promise<Fact<QuotaFacts>> {
  const input = { ServiceCode: service, QuotaCode: code };
  const fact = await asked(async () => {
    try {
      return { quota: (await client.send(new GetServiceQuotaCommand(input))).Quota, isDefault: false };
    } catch (error) {
      // Nobody has ever applied a value to the account.
      if (codeOf(error) !== 'NoSuchResourceException') throw error;
      return { quota: (await client.send(new GetAWSDefaultServiceQuotaCommand(input))).Quota, isDefault: true };
    }
  });
  if (!fact.known) return fact;
  const { quota, isDefault } = fact.value;
  if (quota?.Value === undefined) return unknown(withoutValue(input, quota));
  return known({ value: quota.Value, isDefault });
}

/** AWS answers, and says that it could not find out. */
function withoutValue(
  { ServiceCode, QuotaCode }: { readonly ServiceCode: string; readonly QuotaCode: string },
  quota: ServiceQuota | undefined,
): Trouble {
  const { ErrorCode = 'no reason', ErrorMessage = 'none given' } = quota?.ErrorReason ?? {};
  return {
    kind: 'refused',
    message: `Service Quotas has no value of ${ServiceCode} ${QuotaCode}: ${ErrorCode}: ${ErrorMessage}`,
    mend: 'look it up in the console of Service Quotas',
  };
}

function requestOf({ Id = '', Status = 'PENDING', DesiredValue = 0 }: RequestedServiceQuotaChange): QuotaRequest {
  return { id: Id, status: Status, desired: DesiredValue };
}

async function asked<T>(ask: () => Promise<T>): Promise<Fact<T>> {
  const answer = await attempt(ask);
  return isTrouble(answer) ? unknown(answer) : known(answer);
}
