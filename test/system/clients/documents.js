// Queries of the cache tests, in the form of Relay's compiler, which takes names from the file name.
import { graphql } from 'relay-runtime'

graphql`
  query documentsListQuery($layer: String!, $crs: String) {
    features(layer: $layer, first: 3) {
      features {
        __typename
        id
        key
        layer
        geometry(crs: $crs)
        bbox(crs: $crs)
        properties(only: ["name"])
      }
    }
  }
`

graphql`
  query documentsNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      id
      ... on EastFeature {
        key
        layer
        geometry
        properties(only: ["name"])
      }
      ... on WestFeature {
        key
        layer
        geometry
        properties(only: ["name"])
      }
      ... on RowsFeature {
        key
        layer
        geometry
        properties(only: ["name"])
      }
    }
  }
`

graphql`
  query documentsPageQuery($layer: String!, $first: Int = 400, $after: Cursor) {
    features(layer: $layer, first: $first, after: $after) @connection(key: "documents_features", filters: ["layer"]) {
      edges {
        cursor
        node {
          __typename
          id
          key
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`
