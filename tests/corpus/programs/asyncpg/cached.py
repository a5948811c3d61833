# cause: H
# report: litellm #35492
# library: asyncpg
# connections: 2
# leaks: 2
# kind: unclosed
# owner: asyncpg.Pool
# held_by: __main__.POOLS['a'] | Pool
# server: postgres
# needs: asyncpg
"""A cache of pools that is never emptied."""

import asyncio
import sys

import asyncpg

HOST, PORT = sys.argv[2].split(":")
DSN = f"postgresql://corpus@{HOST}:{PORT}/postgres"
POOLS: dict[str, asyncpg.Pool] = {}


async def pool_of(tenant: str) -> asyncpg.Pool:
    if tenant not in POOLS:
        pool = await asyncpg.create_pool(DSN, min_size=1, max_size=1)  # made here
        POOLS[tenant] = pool
    return POOLS[tenant]


async def main() -> None:
    for tenant in ("a", "b", "a"):
        pool = await pool_of(tenant)
        assert await pool.fetchval("SELECT 1") == 1


asyncio.run(main())
