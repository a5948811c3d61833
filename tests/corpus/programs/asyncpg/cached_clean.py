# connections: 2
# server: postgres
# needs: asyncpg
"""A cache of pools that is emptied at the end."""

import asyncio
import sys

import asyncpg

HOST, PORT = sys.argv[2].split(":")
DSN = f"postgresql://corpus@{HOST}:{PORT}/postgres"
POOLS: dict[str, asyncpg.Pool] = {}


async def pool_of(tenant: str) -> asyncpg.Pool:
    if tenant not in POOLS:
        pool = await asyncpg.create_pool(DSN, min_size=1, max_size=1)
        POOLS[tenant] = pool
    return POOLS[tenant]


async def main() -> None:
    for tenant in ("a", "b", "a"):
        pool = await pool_of(tenant)
        assert await pool.fetchval("SELECT 1") == 1
    for pool in POOLS.values():
        await pool.close()


asyncio.run(main())
