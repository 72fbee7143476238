/** The ledger, through the client that any application uses. */
import { createClient } from '../../client/client.ts'
import { API } from './address.ts'

export const ledger = createClient({ url: API, retry: { tries: 3 } })
