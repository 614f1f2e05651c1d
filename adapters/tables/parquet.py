"""Tables as Apache Parquet, ten thousand rows a group."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

_GROUP: Final = 10_000
_TYPES: Final[Mapping[str, Any]] = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "string": pa.string(),
}


async def write_parquet(
    columns: Mapping[str, str], rows: AsyncIterator[Sequence[object]]
) -> tuple[bytes, int]:
    """Write rows as they come into one file; the file, and how many rows it holds.

    `columns` names each column's type: `int64`, `int32` or `string`; every value may be missing.
    """
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in columns.items()])
    file = io.BytesIO()
    count = 0
    group: list[Sequence[object]] = []
    with pq.ParquetWriter(file, schema) as writer:
        async for row in rows:
            group.append(row)
            count += 1
            if len(group) == _GROUP:
                await asyncio.to_thread(_write, writer, schema, group)
                group = []
        await asyncio.to_thread(_write, writer, schema, group)
    return file.getvalue(), count


def _write(writer: Any, schema: Any, rows: Sequence[Sequence[object]]) -> None:  # noqa: ANN401  # pyarrow has no types
    columns = [
        pa.array([row[number] for row in rows], field.type) for number, field in enumerate(schema)
    ]
    writer.write_table(pa.table(columns, schema=schema))
