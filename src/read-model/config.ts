/** Where a read model is. */

export type SqliteConfig = Readonly<{ kind: 'sqlite'; path: string }>

/** `url` is one that `checkPostgresUrl` has let pass. */
export type PostgresConfig = Readonly<{ kind: 'postgres'; url: string }>

export type ReadModelConfig = SqliteConfig | PostgresConfig
