"""Streams a layer into a GeoDataFrame: python3 stream.py LAYER [ENDPOINT]

Needs geopandas, pyarrow and gql[websockets].
"""

import asyncio
import base64
import random
import sys

import geopandas
import pyarrow
from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

STREAM = """
subscription ($layer: String!, $after: Cursor) {
  featureBatches(layer: $layer, batchSize: 10000, after: $after) { arrow cursor }
}
"""


async def batches(url, layer):
    """Arrow tables, one a batch. Goes on behind the last one when the connection or the server fails."""
    after, failures = None, 0
    while True:
        # A batch may be larger than the megabyte that websockets takes by default.
        transport = WebsocketsTransport(url=url, connect_args={"max_size": None})
        try:
            async with Client(transport=transport) as session:
                request = GraphQLRequest(STREAM, variable_values={"layer": layer, "after": after})
                async for result in session.subscribe(request):
                    batch = result["featureBatches"]
                    yield pyarrow.ipc.open_stream(base64.b64decode(batch["arrow"])).read_all()
                    after, failures = batch["cursor"], 0
            return
        except (TransportError, OSError) as error:
            failures += 1
            if failures > 10 or not may_help(error):
                raise
            await asyncio.sleep(min(10, 0.5 * 2**failures) * random.uniform(0.5, 1))


def may_help(error):
    """Whether asking again may: the server says so itself; a connection that was lost always may."""
    if not isinstance(error, TransportQueryError):
        return True
    return error.errors[0].get("extensions", {}).get("retry", False)


async def read(url, layer):
    tables = [table async for table in batches(url, layer)]
    return geopandas.GeoDataFrame.from_arrow(pyarrow.concat_tables(tables))


if __name__ == "__main__":
    layer, url = (sys.argv + ["ws://127.0.0.1:4000/graphql"])[1:3]
    frame = asyncio.run(read(url, layer))
    print(len(frame), "features", frame.crs, frame.geom_type.unique().tolist())
    print(frame.total_bounds.round(2).tolist())
