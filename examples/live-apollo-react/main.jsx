// A list of a live layer `vehicles` with a column `speed`, which follows every change.
// `npx vite examples/live-apollo-react`, then open ?server=http://127.0.0.1:4000
import { ApolloClient, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { ApolloProvider } from '@apollo/client/react'
import { createClient } from 'graphql-ws'
import { createRoot } from 'react-dom/client'
import { useLiveVehicles } from './use-live-vehicles.js'

const url = `${new URLSearchParams(location.search).get('server') ?? 'http://127.0.0.1:4000'}/graphql`
const socket = createClient({ url: url.replace('http', 'ws'), retryAttempts: Infinity })
const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() })

function Vehicles() {
  const { vehicles, error } = useLiveVehicles()
  if (error) return <p role="alert">{error.message}</p>
  return (
    <ul>
      {vehicles.map(({ id, key, speed }) => (
        <li key={id}>
          {key}: {speed}
        </li>
      ))}
    </ul>
  )
}

createRoot(document.getElementById('root')).render(
  <ApolloProvider client={client}>
    <Vehicles />
  </ApolloProvider>,
)
