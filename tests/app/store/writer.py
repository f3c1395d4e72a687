"""A process that does things to a store and says so, line by line, only when each is durable. Killed by the test."""

import sys
from pathlib import Path

from app.store import Store
from tests.fakes.window import CLERK, Window, join_demo

store = Store.open(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
join_demo(store)
window = Window(store)
for count in range(1000):
    store.drafts.save(f"d{count}", CLERK.id, "t", f'{{"count":{count}}}')
    print("draft", f"d{count}", f'{{"count":{count}}}', flush=True)
    acts = window.begin(pages=1, size=500)
    case = store.acts.did(acts)
    print("did", case.id, case.number, flush=True)
    store.exchange.begin_sending()
