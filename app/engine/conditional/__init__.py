"""Orders that wait for a price, a time or one another, as every venue of ours has them.

Both venues, the matching engine and the simulated one, keep orders that are more than a
price and a quantity: stops, trailing stops, icebergs, orders that end at a time or wait
for their hours or an auction, members of OCO groups and brackets (SEMANTICS 16, 20-29).
What such an order has beside the plain order is a CONDITION here; the plain order stays
the venue's. The room decides *what is to happen* and lines it up as steps; the venue
performs them in its own way (`steps.next_step`), which may line up more:

    a price, a time, a fill, an end  →  triggers, times, groups  →  steps  →  the venue

So the rules stand once, whoever fills the orders, and nothing calls back.
"""
