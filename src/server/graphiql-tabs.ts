/**
 * Runs in the page of GraphiQL. Its tabs are a page, a filter, a stream and an aggregate of the first layer that is served. The page asks for the
 * layers itself, with the user's token: an answer without a token names no layer. A link with a query, and a user's tabs of an earlier visit, go first.
 */
export const WITH_TABS = `(async (options) => {
  // A tab can be dragged, and moves when it is pressed, so that a browser sends the click to the list of tabs. It is meant for the pressed button.
  let pressed = null
  document.addEventListener('pointerdown', ({ target }) => { pressed = target.closest('.graphiql-tab button') }, true)
  document.addEventListener('click', ({ target, detail }) => {
    if (detail > 0 && target.matches('.graphiql-tabs, .graphiql-tab')) pressed?.click()
  })
  if (new URLSearchParams(location.search).has('query')) return options
  try {
    const query = '{ layers { name state kind columns { name type } } }'
    const headers = { 'content-type': 'application/json', ...options.additionalHeaders }
    const answer = await fetch(options.endpoint, { method: 'POST', headers, body: JSON.stringify({ query }) })
    const layers = (await answer.json()).data.layers.filter(({ state }) => state !== 'PREPARING')
    const layer = layers.find(({ kind }) => kind === 'FEATURES') ?? layers[0]
    if (!layer) return options
    const others = layers.filter((other) => other !== layer).map(({ name }) => name)
    const name = JSON.stringify(layer.name)
    const text = layer.columns.find(({ type }) => type === 'VARCHAR')
    const number = layer.columns.find(({ type }) => /^(?:U?(?:TINY|SMALL|BIG)?INT(?:EGER)?|DOUBLE|FLOAT|DECIMAL)/.test(type))
    const property = text ? 'name: ' + JSON.stringify(text.name) + ', ilike: "%a%"'
      : layer.columns[0] ? 'name: ' + JSON.stringify(layer.columns[0].name) + ', isNull: false' : null
    const where = property ? 'where: { property: { ' + property + ' } }, ' : ''
    const key = (text ?? layer.columns[0])?.name
    const groups = key ? ', groupBy: [{ column: ' + JSON.stringify(key) + ' }], orderBy: [{ by: COUNT, direction: DESC }]' : ''
    const figures = number ? '\\n      column(name: ' + JSON.stringify(number.name) + ') {\\n        min\\n        avg\\n        max\\n      }' : ''
    const more = others.length > 0 ? '\\n# Other layers: ' + others.slice(0, 20).join(', ') + (others.length > 20 ? ', ...' : '') : ''
    const feature = layer.kind === 'TABLE' ? 'properties' : 'geometry\\n      properties'
    const tabs = [
      '# A page of a layer.' + more + '\\nquery Page {\\n  features(layer: ' + name + ', first: 10) {\\n    totalCount\\n    features {\\n      id\\n      ' + feature + '\\n    }\\n    pageInfo {\\n      hasNextPage\\n      endCursor\\n    }\\n  }\\n}\\n',
      '# A filter.\\nquery Filter {\\n  features(layer: ' + name + ', ' + where + 'first: 10) {\\n    totalCount\\n    features {\\n      id\\n      properties\\n    }\\n  }\\n}\\n',
      '# A stream: batches arrive while they are read.\\nsubscription Stream {\\n  featureBatches(layer: ' + name + ', limit: 1000, batchSize: 250) {\\n    sequence\\n    count\\n    cursor\\n  }\\n}\\n',
      '# Groups with figures.\\nquery Aggregate {\\n  aggregate(layer: ' + name + groups + ', first: 10) {\\n    rows {\\n      keys\\n      count' + figures + '\\n    }\\n  }\\n}\\n',
    ]
    return { ...options, defaultTabs: tabs.map((query) => ({ query })) }
  } catch {
    // Without the layers, it opens with its default query.
    return options
  }
})`
