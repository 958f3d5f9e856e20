"""The page: the same accounts, incidents and reports as in chat, for a browser and programs.

It is served by aiohttp, which the chats bring anyway: one process, one loop, one address with
`/healthz`. Pages are Jinja2 templates that need no script but for zooming a chart (uPlot).
"""
