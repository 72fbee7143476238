/** Certificates made on the fly: an authority of the test's own, and a node's certificate for 127.0.0.1. */
import { generate } from 'selfsigned'

/** PEM texts. */
export type Certificates = Readonly<{ authority: string; certificate: string; key: string }>

export const makeCertificates = async (): Promise<Certificates> => {
  const made = await generate([{ name: 'commonName', value: 'eventstoredb-node' }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  return { authority: made.cert, certificate: made.cert, key: made.private }
}
