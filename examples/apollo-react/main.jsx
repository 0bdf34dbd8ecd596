// Pages of countries, and a stream of observations that can be stopped and taken up again where it was.
// `npx vite examples/apollo-react`, then open ?server=http://127.0.0.1:4000
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { ApolloProvider, useQuery, useSubscription } from '@apollo/client/react'
import { createClient } from 'graphql-ws'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'

const url = `${new URLSearchParams(location.search).get('server') ?? 'http://127.0.0.1:4000'}/graphql`
const client = new ApolloClient({
  // graphql-ws would restart a lost subscription from its first feature. Here it resumes after the last batch.
  link: ApolloLink.split(
    ({ operationType }) => operationType === 'subscription',
    new GraphQLWsLink(createClient({ url: url.replace('http', 'ws'), retryAttempts: 0 })),
    new HttpLink({ uri: url }),
  ),
  cache: new InMemoryCache(),
})

const COUNTRIES = gql`query Countries($after: Cursor) {
  features(layer: "countries", orderBy: [{ property: "area_km2", direction: DESC }], first: 5, after: $after) {
    pageInfo { hasNextPage endCursor } features { id properties(only: ["name", "area_km2"]) }
  }
}`

function Countries() {
  const [after, setAfter] = useState(null)
  const { data, loading, error } = useQuery(COUNTRIES, { variables: { after } })
  if (error) return <p role="alert">{error.message}</p>
  if (loading) return <p>...</p>
  const { features, pageInfo } = data.features
  return (
    <section>
      <ul>
        {features.map(({ id, properties }) => (
          <li key={id}>
            {properties.name}: {properties.area_km2} km²
          </li>
        ))}
      </ul>
      <button type="button" disabled={!pageInfo.hasNextPage} onClick={() => setAfter(pageInfo.endCursor)}>
        Next countries
      </button>
    </section>
  )
}

const OBSERVATIONS = gql`subscription Observations($after: Cursor) {
  featureBatches(layer: "observations", batchSize: 1000, after: $after) { count cursor features { properties(only: ["class"]) } }
}`

function Observations() {
  const [seen, setSeen] = useState({ count: 0, cursor: null, classes: {} })
  const [run, setRun] = useState({ going: false, after: null, end: '' })
  useSubscription(OBSERVATIONS, {
    variables: { after: run.after },
    skip: !run.going,
    fetchPolicy: 'no-cache',
    // The hook is not to render each batch: what is shown follows from `seen`.
    ignoreResults: true,
    onData: ({ data: { data } }) => data && setSeen((before) => add(before, data.featureBatches)),
    onError: ({ message }) => setRun((before) => ({ ...before, going: false, end: message })),
    onComplete: () => setRun((before) => (before.going ? { ...before, going: false, end: 'All of them.' } : before)),
  })
  const toggle = () =>
    setRun(run.going ? { ...run, going: false, end: 'Stopped.' } : { going: true, after: seen.cursor, end: '' })
  return (
    <section>
      <button type="button" onClick={toggle}>
        {run.going ? 'Stop' : 'Stream observations'}
      </button>
      <p id="observations">
        {seen.count} observations. {run.end}
      </p>
      <ul>
        {Object.entries(seen.classes).map(([name, count]) => (
          <li key={name}>
            {name}: {count}
          </li>
        ))}
      </ul>
    </section>
  )
}

function add({ count, classes }, batch) {
  const sums = { ...classes }
  for (const { properties } of batch.features) sums[properties.class] = (sums[properties.class] ?? 0) + 1
  return { count: count + batch.count, cursor: batch.cursor, classes: sums }
}

createRoot(document.getElementById('root')).render(
  <ApolloProvider client={client}>
    <Countries />
    <Observations />
  </ApolloProvider>,
)
