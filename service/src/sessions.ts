import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';

/** Who plays what; an item of the table, whose key is `session`. */
export interface Session {
  /** A random UUID, which also spreads the writes over the table's partitions. */
  readonly session: string;
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Seconds since 1970: the table's time-to-live attribute. */
  readonly expiresAt: number;
}

export interface SessionStore {
  readonly put: (session: Session) => Promise<void>;
  /** Deletes a session; one that is not there is no error. */
  readonly delete: (id: string) => Promise<void>;
  readonly close: () => void;
}

/** Sessions of this one process, for trying the service out. */
export class MemorySessions implements SessionStore {
  readonly byId = new Map<string, Session>();

  put(session: Session): Promise<void> {
    const now = Date.now() / 1000;
    // All live equally long, so that the oldest are those that expire first.
    for (const { session: id, expiresAt } of this.byId.values()) {
      if (expiresAt > now) break;
      this.byId.delete(id);
    }
    this.byId.set(session.session, session);
    return Promise.resolve();
  }

  delete(id: string): Promise<void> {
    this.byId.delete(id);
    return Promise.resolve();
  }

  close(): void {
    this.byId.clear();
  }
}

/** Sessions in a DynamoDB table, which expires those that were never ended. */
export class TableSessions implements SessionStore {
  private constructor(
    private readonly table: string,
    private readonly client: DynamoDBDocumentClient,
    private readonly connections: DynamoDBClient,
  ) {}

  /**
   * Takes region, credentials and endpoint from where the SDK looks for them; reads nothing of the table.
   *
   * @throws Error when no region is found.
   */
  static async open(table: string): Promise<TableSessions> {
    // DynamoDB answers within milliseconds. A table that does not must not hold requests: after two tries and 2 s or so the play fails.
    const connections = new DynamoDBClient({
      maxAttempts: 2,
      // Without the last of these the SDK only warns of a request that takes too long.
      requestHandler: { connectionTimeout: 500, requestTimeout: 1000, throwOnRequestTimeout: true },
    });
    await connections.config.region();
    return new TableSessions(table, DynamoDBDocumentClient.from(connections), connections);
  }

  async put(session: Session): Promise<void> {
    await this.client.send(new PutCommand({ TableName: this.table, Item: session }));
  }

  async delete(id: string): Promise<void> {
    await this.client.send(new DeleteCommand({ TableName: this.table, Key: { session: id } }));
  }

  close(): void {
    this.connections.destroy();
  }
}
